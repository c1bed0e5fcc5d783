// Sampling of an image between its pixels.
#pragma once
#include "vision/transforms/operations/affine.h"

namespace lt::vision {

// Computes every pixel of `result` by an affine map; both images have the same size.
void sampleBilinear(const Image& image, const Affine& affine, const Color& fill, Image& result);
void sampleBicubic(const Image& image, const Affine& affine, const Color& fill, Image& result);

// Does the same with AVX2, in a fraction of the time. Call these only where hasAvx2().
void sampleBilinearAvx2(const Image& image, const Affine& affine, const Color& fill, Image& result);
void sampleBicubicAvx2(const Image& image, const Affine& affine, const Color& fill, Image& result);

// Computes one pixel, which shows the image at a point.
void pixelBilinear(const Image& image, Point point, const Color& fill, uint8_t* to);
void pixelBicubic(const Image& image, Point point, const Color& fill, uint8_t* to);

}  // namespace lt::vision
