// Decoding JPEG by the system's libjpeg-turbo: the library and the settings that Pillow has, so that values are the same.
#pragma once
#include <span>

#include "vision/image.h"

namespace lt {

// Whether the build found libjpeg-turbo's headers, this machine has the library, and the environment variable
// LONGTAIL_JPEG does not say "vips".
bool hasJpegLibrary();

// "libjpeg-turbo 2.1.5": what the headers were of.
std::string jpegLibraryVersion();

// As decodeBytes() in decode.h, without the name in the errors. Only with hasJpegLibrary().
Image decodeJpeg(std::span<const uint8_t> content);

}  // namespace lt
