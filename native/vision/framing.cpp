#include "vision/framing.h"

namespace lt {

Window Framing::needed() const {
  const Span tall = inputsOf(rows), wide = inputsOf(columns);
  return {window.top + tall.first, window.left + wide.first, tall.count, wide.count};
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
  const auto [top, left, height, width] = needed();
  const View source = View(part.pixels).part(top - part.window.top, left - part.window.left, height, width);
  return resample(source, rows, columns);
}

void Framer::apply(Image& image, Philox& random) const {
  const Framing wanted = framing({image.height, image.width}, random);
  const auto [height, width] = wanted.size();
  const bool isNothing = height == image.height && width == image.width && wanted.rows.keepsSize() && wanted.columns.keepsSize();
  if (!isNothing) image = wanted.of(Part::all(std::move(image)));
}

}  // namespace lt
