// Color profiles (ICC) of images that libvips does not open itself.
#pragma once
#include <cstdint>
#include <span>

#include "vision/image/image.h"

namespace lt::vision {

// The pixels in sRGB, by the color profile that they came with. As they are where it is sRGB's or damaged.
Image toSrgb(Image image, std::span<const uint8_t> profile);

}  // namespace lt::vision
