#pragma once
#include "vision/image/image.h"

namespace lt {

// Away from the smoothed image (factor > 1) or towards it, as Pillow's ImageEnhance.Sharpness; see enhance.h.
void adjustSharpness(Image& image, float factor);

}  // namespace lt
