// Resizing by separable convolution.
#pragma once
#include "vision/image.h"

namespace lt {

// Bilinear with antialias: each output pixel is the weighted mean of the input under a triangle whose half-width is
// max(1, reduction), first along rows, then along columns, rounded to bytes after each pass, with 22-bit fixed-point
// weights. The same definition as Pillow's Image.resize(…, BILINEAR).
Image resample(const Image& image, int height, int width);

}  // namespace lt
