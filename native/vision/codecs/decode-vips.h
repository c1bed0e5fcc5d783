// Decoding by libvips.
#pragma once
#include <span>

#include "vision/codecs/vips.h"
#include "vision/image/image.h"

namespace lt {

enum class VipsFormat { jpeg, png, webp };

// As decodeBytes() in decode.h, without the name in the errors.
Image decodeByVips(std::span<const uint8_t> content, VipsFormat format);

// The same for what libvips has opened already, with the loader's options of the caller.
Image decodeOpened(VipsPtr opened);

void endVipsThread();

}  // namespace lt
