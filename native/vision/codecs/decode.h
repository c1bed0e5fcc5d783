// Decoding of image files to pixels.
#pragma once
#include <span>
#include <string>

#include "vision/image/region.h"

namespace lt::vision {

// Decodes the content of a file of one of the formats in format.h, of its first image where it holds several;
// `name` is its path or description in messages. The result is always three-channel sRGB: by the color
// profile (ICC) where there is one that fits; without, gray is repeated and CMYK is converted as Pillow's
// convert("RGB") does. Alpha is dropped, 16 bits become 8, the EXIF orientation is applied. JPEG goes by the
// system's libjpeg-turbo where there is one (see jpeg.h), all else by libvips. Throws a DataError that names
// the file when it is damaged, truncated, or outside the budget (image/budget.h), and Interrupted when the
// thread was (image/interruption.h). Any thread.
Image decodeBytes(const std::string& name, std::span<const uint8_t> content);

// Decodes at least the required window, with the same values. Of a JPEG, libjpeg-turbo decodes not much more,
// and reduces it where it may.
Region decodeRegion(const std::string& name, std::span<const uint8_t> content,
                    const RequiredWindowOf& requiredOf);

// Frees what libvips keeps for the calling thread; call it at the end of each thread that decoded or encoded.
void endDecodingThread();

}  // namespace lt::vision
