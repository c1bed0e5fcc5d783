// Gaussian blur.
#pragma once
#include "vision/image/image.h"

namespace lt {

// Three box blurs whose length need not be whole approximate the Gaussian (Gwosdek et al., "Theoretical
// foundations of Gaussian convolution by extended box filtering", SSVM 2011), along rows and then along
// columns, each rounded to bytes; the border is repeated outwards. The same definition as Pillow's
// ImageFilter.GaussianBlur(sigma). sigma >= 0.
void gaussianBlur(Image& image, float sigma);

}  // namespace lt
