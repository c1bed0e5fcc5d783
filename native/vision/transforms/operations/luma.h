// Gray levels: ITU-R 601 luma in 16-bit fixed point, rounded, as Pillow's convert("L").
#pragma once
#include "vision/image/image.h"

namespace lt::vision {

// Writes each pixel's level three times: as many bytes as `rgb` has, which may be the same ones.
void repeatLuma(const uint8_t* rgb, size_t pixels, uint8_t* to);

uint64_t sumOfLuma(const uint8_t* rgb, size_t pixels);

}  // namespace lt::vision
