#include "vision/transforms/crop-resize.h"

#include "vision/image/budget.h"

namespace lt::vision {
namespace {

// The position of a stretch of pixels in the reduced image: the whole pixels that it touches, and the axis
// within them.
struct Stretch {
  int first;
  Axis axis;
};

Stretch reducedStretch(int first, const Axis& axis, int reduction) {
  const int begin = first / reduction;
  const int end = (first + axis.inputs + reduction - 1) / reduction;
  const double start = static_cast<double>(first) / reduction - begin;
  return {begin,
          {end - begin, axis.outputs, axis.first, axis.count, start, axis.length / reduction, axis.filter}};
}

}  // namespace

Window CropResize::required() const {
  const Span tall = inputsOf(rows), wide = inputsOf(columns);
  return {window.top + tall.first, window.left + wide.first, tall.count, wide.count};
}

int CropResize::reduction() const {
  int reduction = 8;
  while (reduction > 1 &&
         (window.height < reduction * rows.outputs || window.width < reduction * columns.outputs))
    reduction /= 2;
  return reduction;
}

CropResize CropResize::reduced(int reduction) const {
  const auto [top, tall] = reducedStretch(window.top, rows, reduction);
  const auto [left, wide] = reducedStretch(window.left, columns, reduction);
  return {{top, left, tall.inputs, wide.inputs}, tall, wide};
}

CropResize CropResize::thenCrop(const Window& kept) const {
  CropResize result = *this;
  result.rows.first += kept.top;
  result.rows.count = kept.height;
  result.columns.first += kept.left;
  result.columns.count = kept.width;
  return result;
}

Image CropResize::apply(const Region& region) const {
  const CropResize wanted = region.reduction == 1 ? *this : reduced(region.reduction);
  requireSize(wanted.rows.count, wanted.columns.count);
  const auto [top, left, height, width] = wanted.required();
  const View source =
      View(region.pixels).window(top - region.window.top, left - region.window.left, height, width);
  return resample(source, wanted.rows, wanted.columns);
}

void CropResizer::apply(Image& image, Philox& random) const {
  const CropResize wanted = plan({image.height, image.width}, random);
  const auto [height, width] = wanted.size();
  const bool isNothing =
      height == image.height && width == image.width && wanted.rows.keepsSize() && wanted.columns.keepsSize();
  if (!isNothing) image = wanted.apply(Region::all(std::move(image)));
}

}  // namespace lt::vision
