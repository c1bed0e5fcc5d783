// How a pipeline begins: which pixels of the image it needs. Known from the size alone, so that no others are
// decoded.
#pragma once
#include "vision/image/region.h"
#include "vision/image/resample.h"
#include "vision/transforms/transform.h"

namespace lt {

// A window is cut out, its sides are resized, and of the result a window is kept.
struct Framing {
  Window window;
  Axis rows, columns;

  static Framing crop(const Window& window) {
    return {window, Axis::whole(window.height, window.height), Axis::whole(window.width, window.width)};
  }
  static Framing resize(Size from, Size to) {
    return {{0, 0, from.height, from.width},
            Axis::whole(from.height, to.height),
            Axis::whole(from.width, to.width)};
  }

  Size size() const { return {rows.count, columns.count}; }
  Window needed() const;                 // of the whole image
  int reduction() const;                 // of the image, 1 to 8, that leaves a pixel for each that is wanted
  Framing reduced(int reduction) const;  // the same of an image so much smaller
  Framing thenCrop(const Window& window) const;  // of the result
  Image of(const Part& part) const;              // the part, reduced or not, must have what is needed
};

// A transform that is a framing.
class Framer : public Transform {
 public:
  virtual Framing framing(Size size,
                          Philox& random) const = 0;  // throws a DataError when the image is too small
  virtual bool onlyCrops() const { return false; }
  void apply(Image& image, Philox& random) const final;
};

}  // namespace lt
