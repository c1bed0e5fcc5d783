// Decoding by libvips.
#pragma once
#include <span>

#include "vision/codecs/vips.h"
#include "vision/image/image.h"

namespace lt::vision {

enum class VipsFormat { Jpeg, Png, Webp };

// Decodes as decodeBytes() in decode.h does, without the name in the errors.
Image decodeByVips(std::span<const uint8_t> content, VipsFormat format);

// Does the same for an image that libvips has opened already, with the caller's options.
Image decodeOpened(VipsPtr opened);

void endVipsThread();

}  // namespace lt::vision
