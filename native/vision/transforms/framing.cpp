#include "vision/transforms/framing.h"

namespace lt {
namespace {

// Where a stretch of pixels lies in the reduced image: the whole pixels that it touches, and the place in
// them.
struct Stretch {
  int first;
  Axis axis;
};

Stretch reducedStretch(int first, const Axis& axis, int reduction) {
  const int begin = first / reduction;
  const int end = (first + axis.inputs + reduction - 1) / reduction;
  const double start = static_cast<double>(first) / reduction - begin;
  return {begin, {end - begin, axis.outputs, axis.first, axis.count, start, axis.length / reduction}};
}

}  // namespace

Window Framing::needed() const {
  const Span tall = inputsOf(rows), wide = inputsOf(columns);
  return {window.top + tall.first, window.left + wide.first, tall.count, wide.count};
}

int Framing::reduction() const {
  int most = 8;
  while (most > 1 && (window.height < most * rows.outputs || window.width < most * columns.outputs))
    most /= 2;
  return most;
}

Framing Framing::reduced(int reduction) const {
  const auto [top, tall] = reducedStretch(window.top, rows, reduction);
  const auto [left, wide] = reducedStretch(window.left, columns, reduction);
  return {{top, left, tall.inputs, wide.inputs}, tall, wide};
}

Framing Framing::thenCrop(const Window& kept) const {
  Framing result = *this;
  result.rows.first += kept.top;
  result.rows.count = kept.height;
  result.columns.first += kept.left;
  result.columns.count = kept.width;
  return result;
}

Image Framing::of(const Part& part) const {
  const Framing wanted = part.reduction == 1 ? *this : reduced(part.reduction);
  const auto [top, left, height, width] = wanted.needed();
  const View source = View(part.pixels).part(top - part.window.top, left - part.window.left, height, width);
  return resample(source, wanted.rows, wanted.columns);
}

void Framer::apply(Image& image, Philox& random) const {
  const Framing wanted = framing({image.height, image.width}, random);
  const auto [height, width] = wanted.size();
  const bool isNothing =
      height == image.height && width == image.width && wanted.rows.keepsSize() && wanted.columns.keepsSize();
  if (!isNothing) image = wanted.of(Part::all(std::move(image)));
}

}  // namespace lt
