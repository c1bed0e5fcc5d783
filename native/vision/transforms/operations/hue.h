// Turning colours around the colour circle.
#pragma once
#include "vision/image/image.h"

namespace lt {

// Adds shift / 255 of a turn to every pixel's hue, with its saturation and value kept, by way of Pillow's
// 8-bit HSV.
void rotateHue(Image& image, uint8_t shift);

}  // namespace lt
