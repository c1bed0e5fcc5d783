#include "vision/transforms/operations/affine.h"

#include <charconv>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "vision/transforms/operations/sample.h"
#include "vision/transforms/operations/spare.h"

namespace lt::vision {
namespace {

void put(uint8_t* to, const uint8_t* color) { std::memcpy(to, color, Image::kChannels); }

// Nearest without rotation or shear: a column of the result shows one column of the image.
void scaleNearest(const Image& image, const Affine& affine, const Color& fill, Image& result) {
  const auto pixelAt = [](double position, int size) {
    return position < 0 || position >= size ? -1 : static_cast<int>(position);
  };
  thread_local std::vector<int> columns;
  columns.resize(image.width);
  double x = affine.c + affine.a * 0.5, y = affine.f + affine.e * 0.5;
  for (int& column : columns) {
    column = pixelAt(x, image.width);
    x += affine.a;  // summed up, for the same rounding as Pillow's
  }
  for (int row = 0; row < image.height; row++, y += affine.e) {
    const int from = pixelAt(y, image.height);
    uint8_t* to = result.row(row);
    for (const int column : columns) {
      put(to, from < 0 || column < 0 ? fill.data() : image.row(from) + column * 3);
      to += 3;
    }
  }
}

// Pillow's 16.16 fixed-point positions.
int64_t fixed(double value) { return static_cast<int64_t>(std::floor(value * 65536.0 + 0.5)); }

void sampleNearest(const Image& image, const Affine& affine, const Color& fill, Image& result) {
  const int64_t a = fixed(affine.a), b = fixed(affine.b), d = fixed(affine.d), e = fixed(affine.e);
  int64_t rowX = fixed(affine.c + affine.a * 0.5 + affine.b * 0.5);
  int64_t rowY = fixed(affine.f + affine.d * 0.5 + affine.e * 0.5);
  for (int row = 0; row < image.height; row++, rowX += b, rowY += e) {
    uint8_t* to = result.row(row);
    int64_t x = rowX, y = rowY;
    for (int column = 0; column < image.width; column++, x += a, y += d, to += 3) {
      const int64_t fromX = x >> 16, fromY = y >> 16;
      const bool inside = fromX >= 0 && fromX < image.width && fromY >= 0 && fromY < image.height;
      put(to, inside ? image.row(static_cast<int>(fromY)) + fromX * 3 : fill.data());
    }
  }
}

// Python's round(value, 15): to the nearest decimal.
double roundTo15Digits(double value) {
  char text[32];
  const auto written = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 15);
  double rounded = 0;
  std::from_chars(text, written.ptr, rounded);
  return rounded;
}

}  // namespace

void transform(Image& image, const Affine& affine, const Sampling& sampling) {
  Image& result = spareLike(image);
  switch (sampling.interpolation) {
    case Interpolation::Nearest:
      if (affine.b == 0 && affine.d == 0)
        scaleNearest(image, affine, sampling.fill, result);
      else
        sampleNearest(image, affine, sampling.fill, result);
      break;
    case Interpolation::Bilinear:
      sampleBilinear(image, affine, sampling.fill, result);
      break;
    case Interpolation::Bicubic:
      sampleBicubic(image, affine, sampling.fill, result);
      break;
  }
  std::swap(image.pixels, result.pixels);
}

void rotate(Image& image, double degrees, const Sampling& sampling) {
  const double turn = std::fmod(degrees, 360.0);
  if (turn == 0) return;
  const double angle = -(turn < 0 ? turn + 360 : turn) * (std::numbers::pi / 180);
  const double cosine = roundTo15Digits(std::cos(angle)), sine = roundTo15Digits(std::sin(angle));
  const double x = image.width / 2.0, y = image.height / 2.0;
  transform(image, {cosine, sine, cosine * -x + sine * -y + x, -sine, cosine, -sine * -x + cosine * -y + y},
            sampling);
}

}  // namespace lt::vision
