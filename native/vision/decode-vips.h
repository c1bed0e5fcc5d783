// Decoding by libvips.
#pragma once
#include <span>

#include "vision/image.h"

namespace lt {

enum class VipsFormat { jpeg, png, webp };

// As decodeBytes() in decode.h, without the name in the errors.
Image decodeByVips(std::span<const uint8_t> content, VipsFormat format);

void endVipsThread();

}  // namespace lt
