// sampleBilinear and sampleBicubic with AVX2: the same bytes in a fraction of the time. Only where hasAvx2().
#pragma once
#include "vision/transforms/operations/affine.h"

namespace lt {

void sampleBilinearAvx2(const Image& image, const Affine& affine, const Color& fill, Image& result);
void sampleBicubicAvx2(const Image& image, const Affine& affine, const Color& fill, Image& result);

}  // namespace lt
