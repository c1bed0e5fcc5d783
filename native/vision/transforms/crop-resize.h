// The plan with which a pipeline begins: a crop and a resize. It is known from the image's size alone, so
// that only the pixels that it requires are decoded.
#pragma once
#include "vision/image/region.h"
#include "vision/image/resample.h"
#include "vision/transforms/transform.h"

namespace lt::vision {

// A plan: a window is cropped, its sides are resized, and a window of the result is kept.
struct CropResize {
  Window window;
  Axis rows, columns;

  static CropResize crop(const Window& window) {
    return {window, Axis::whole(window.height, window.height), Axis::whole(window.width, window.width)};
  }
  static CropResize resize(Size from, Size to, Filter filter = Filter::Bilinear) {
    return {{0, 0, from.height, from.width},
            Axis::whole(from.height, to.height, filter),
            Axis::whole(from.width, to.width, filter)};
  }

  Size size() const { return {rows.count, columns.count}; }

  // Returns the window of the whole image that the plan requires.
  Window required() const;

  // Returns the largest reduction of the image, 1 to 8, that leaves a pixel for each wanted one.
  int reduction() const;

  // Returns the same plan for the reduced image.
  CropResize reduced(int reduction) const;

  // Returns the plan followed by a crop of its result.
  CropResize thenCrop(const Window& window) const;

  // Makes the result of a region, reduced or not, that contains what is required.
  Image apply(const Region& region) const;
};

// How an option "interpolation" resamples.
inline Filter filterOf(const Options& options) {
  return options.text("interpolation") == "bicubic" ? Filter::Bicubic : Filter::Bilinear;
}

// A transform that crops, resizes or both.
class CropResizer : public Transform {
 public:
  // Throws a DataError when the image is too small.
  virtual CropResize plan(Size size, Philox& random) const = 0;

  virtual bool onlyCrops() const { return false; }
  void apply(Image& image, Philox& random) const final;
};

}  // namespace lt::vision
