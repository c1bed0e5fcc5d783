// Pixels to image files in memory, by libvips.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "vision/image.h"

namespace lt {

enum class ImageFormat { png, jpeg };

// PNG keeps every pixel. JPEG loses detail: quality 1 to 100; from 90 on its colours keep their full resolution.
// Any thread. Throws std::runtime_error when libvips fails.
std::vector<uint8_t> encodeImage(const Image& image, ImageFormat format, int quality);

// The same for many, on several threads.
std::vector<std::vector<uint8_t>> encodeImages(const std::vector<Image>& images, ImageFormat format, int quality, int threads);

}  // namespace lt
