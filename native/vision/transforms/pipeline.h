// Transforms in a row.
#pragma once
#include "vision/transforms/crop-resize.h"

namespace lt::vision {

// Crops and resizes at its beginning are joined to one plan: nothing is computed that a later crop would
// leave out.
class Pipeline {
 public:
  void add(TransformPtr step);

  // Returns what it requires of an image of this size, with these random numbers (a copy, so that none is
  // used up).
  RequiredWindow required(Size size, Philox random) const;

  // Makes an image of a region that contains at least what is required: all such regions of one reduction
  // give the same image.
  Image apply(const Region& region, Philox& random) const;

 private:
  CropResize leadingPlan(Size size, Philox& random) const;

  std::vector<TransformPtr> steps_;
  std::vector<const CropResizer*> leading_;  // the first steps
};

}  // namespace lt::vision
