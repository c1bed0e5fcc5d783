// Decoding of BMP files: bitmaps of Windows and OS/2 without compression, of 1, 4, 8, 16, 24 or 32 bits.
#pragma once
#include <cstdint>
#include <span>

#include "vision/image/image.h"

namespace lt::vision {

// The caller has held the header against the budget. Throws a DataError without a name for a damaged file,
// and for one that is compressed.
Image decodeBmp(std::span<const uint8_t> content);

}  // namespace lt::vision
