// The image between its pixels.
#pragma once
#include "vision/transforms/operations/affine.h"

namespace lt {

// Every pixel of `result` by an affine map; both images have the same size.
void sampleBilinear(const Image& image, const Affine& affine, const Color& fill, Image& result);
void sampleBicubic(const Image& image, const Affine& affine, const Color& fill, Image& result);

// The same for one pixel, which shows the image at a point.
void pixelBilinear(const Image& image, Point point, const Color& fill, uint8_t* to);
void pixelBicubic(const Image& image, Point point, const Color& fill, uint8_t* to);

}  // namespace lt
