// How a camera was held: the EXIF orientation.
#pragma once
#include <span>

#include "vision/image/image.h"

namespace lt::vision {

// Returns the orientation, 1 to 8, that a JPEG's APP1 segment (without its marker and length) states; 1,
// upright, when it states none.
int exifOrientation(std::span<const uint8_t> segment);

// Turns and mirrors the image so that it stands upright.
Image upright(Image image, int orientation);

}  // namespace lt::vision
