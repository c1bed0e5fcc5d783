// The operations that policies choose from, by name.
#pragma once
#include <string_view>

#include "vision/transforms/operations/affine.h"

namespace lt::vision {

// `value` is a slope (shear-x, shear-y), a fraction of the width or height (translate-x, translate-y), pixels
// (translate-x-pixels, translate-y-pixels), degrees counterclockwise (rotate), a factor (brightness, color,
// contrast, sharpness), bits (posterize), a level (solarize), or an addend (solarize-add); the others have
// none. Geometry alone samples.
struct Operation {
  const char* name;
  void (*apply)(Image& image, double value, const Sampling& sampling);
};

// Returns an operation, which lives as long as the program. Throws std::invalid_argument for an unknown name.
const Operation& operationNamed(std::string_view name);
int numberOf(const Operation& operation);  // its index in the list of all operations

Interpolation interpolationNamed(std::string_view name);  // nearest, bilinear, bicubic

}  // namespace lt::vision
