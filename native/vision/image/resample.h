// Resampling: resizing by separable convolution.
#pragma once
#include "vision/image/image.h"
#include "vision/image/resample-kernel.h"

namespace lt::vision {

// Bilinear or bicubic with antialias: each output pixel is the weighted mean of the input under a filter
// whose half-width is 1 (2, if bicubic) times max(1, reduction), first along rows, then along columns,
// rounded to bytes after each pass, with 22-bit fixed-point weights; a side that keeps its size is passed
// over. The same definition as Pillow's Image.resize(…, BILINEAR) and BICUBIC. `source` is inputsOf(rows) x
// inputsOf(columns) of the image; the result is the wanted window of the resized image.
Image resample(const View& source, const Axis& rows, const Axis& columns);

// Resizes all of the image.
Image resample(const View& image, int height, int width);

}  // namespace lt::vision
