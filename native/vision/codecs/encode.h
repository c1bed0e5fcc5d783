// Encoding of pixels to image files in memory, by libvips.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "vision/image/image.h"

namespace lt::vision {

enum class ImageFormat { Png, Jpeg };

// Pixels [height, width, 3] of someone else's memory.
struct PixelsView {
  const void* rgb;
  int height, width;
};

// PNG keeps every pixel. JPEG loses detail: quality 1 to 100; from 90 on its colors keep their full
// resolution. Any thread. Throws std::runtime_error when libvips fails.
std::vector<uint8_t> encodeImage(const PixelsView& image, ImageFormat format, int quality);

}  // namespace lt::vision
