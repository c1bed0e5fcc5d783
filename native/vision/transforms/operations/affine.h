// Geometry, byte for byte as Pillow's Image.transform(AFFINE) and Image.rotate.
#pragma once
#include <array>

#include "vision/image/image.h"

namespace lt {

enum class Interpolation : uint8_t { nearest, bilinear, bicubic };
using Color = std::array<uint8_t, Image::channels>;

struct Point {
  double x, y;
};

// What a point of the result shows: the image at (a x + b y + c, d x + e y + f). A pixel's middle is at +
// 0.5.
struct Affine {
  double a, b, c, d, e, f;

  Point at(double x, double y) const { return {a * x + b * y + c, d * x + e * y + f}; }
};

struct Sampling {
  Interpolation interpolation;
  Color fill;  // where the image has nothing to show
};

void transform(Image& image, const Affine& affine, const Sampling& sampling);
void rotate(Image& image, double degrees, const Sampling& sampling);  // counterclockwise, around the middle

}  // namespace lt
