// Geometry, byte for byte as Pillow's Image.transform(AFFINE) and Image.rotate.
#pragma once
#include <array>

#include "vision/image/image.h"

namespace lt::vision {

enum class Interpolation : uint8_t { Nearest, Bilinear, Bicubic };
using Color = std::array<uint8_t, Image::kChannels>;

struct Point {
  double x, y;
};

// An affine map: a point (x, y) of the result shows the image at (a x + b y + c, d x + e y + f). A pixel's
// center is at + 0.5.
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

}  // namespace lt::vision
