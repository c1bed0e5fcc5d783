// Decoding of JPEG by the system's libjpeg-turbo, with Pillow's settings, so that values are the same.
#pragma once
#include <span>

#include "vision/image/region.h"

namespace lt::vision {

// Whether the build found libjpeg-turbo's headers, this machine has the library, and the environment variable
// LONGTAIL_JPEG does not say "vips".
bool hasJpegLibrary();

// Returns the version of the headers, such as "libjpeg-turbo 2.1.5".
std::string jpegLibraryVersion();

// Decodes as decodeBytes() in decode.h does, without the name in the errors. Call it only where
// hasJpegLibrary().
Image decodeJpeg(std::span<const uint8_t> content);

// Decodes at least the required window, with the same values, in less time where that is small. Reduced
// images are made by leaving out high frequencies: each of their pixels is close to the mean of those that it
// stands for.
Region decodeJpegRegion(std::span<const uint8_t> content, const RequiredWindowOf& requiredOf);

}  // namespace lt::vision
