// Decoding by libvips.
#pragma once
#include <span>

#include "vision/codecs/format.h"
#include "vision/codecs/vips.h"
#include "vision/image/image.h"

namespace lt::vision {

// Decodes as decodeBytes() in decode.h does, without the name in the errors. The caller has held the header
// against the budget.
Image decodeByVips(std::span<const uint8_t> content, FileFormat format);

// Opens an image file of any format but BMP with the caller's options and reads its header only: of the first
// image where it holds several. `shrink`, of a JPEG alone: 1, 2, 4 or 8.
VipsPtr openByVips(std::span<const uint8_t> content, FileFormat format, VipsFailOn failOn, int shrink = 1);

// Decodes an image that was opened already.
Image decodeOpened(VipsPtr opened);

void endVipsThread();

}  // namespace lt::vision
