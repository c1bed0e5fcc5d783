// Decoding JPEG by the system's libjpeg-turbo: the library and the settings that Pillow has, so that values
// are the same.
#pragma once
#include <span>

#include "vision/image/region.h"

namespace lt {

// Whether the build found libjpeg-turbo's headers, this machine has the library, and the environment variable
// LONGTAIL_JPEG does not say "vips".
bool hasJpegLibrary();

// "libjpeg-turbo 2.1.5": what the headers were of.
std::string jpegLibraryVersion();

// As decodeBytes() in decode.h, without the name in the errors. Only with hasJpegLibrary().
Image decodeJpeg(std::span<const uint8_t> content);

// At least what is needed, with the same values. Less work where that is a small part. Reduced images are
// made by leaving out high frequencies: each of their pixels is close to the mean of those that it stands
// for.
Part decodeJpegPart(std::span<const uint8_t> content, const Needs& needs);

}  // namespace lt
