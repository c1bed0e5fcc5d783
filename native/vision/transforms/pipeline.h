// Transforms in a row.
#pragma once
#include "vision/transforms/framing.h"

namespace lt {

// Framings that it begins with are joined to one: nothing is computed that a following crop would leave out.
class Pipeline {
 public:
  void add(TransformPtr step);

  // What it needs of an image of this size, with these random numbers (a copy: none is used up).
  Need needed(Size size, Philox random) const;

  // Of a part that has at least what is needed: from any such part of one reduction comes the same image.
  Image apply(const Part& part, Philox& random) const;

 private:
  Framing opening(Size size, Philox& random) const;

  std::vector<TransformPtr> steps_;
  std::vector<const Framer*> openers_;  // the first steps
};

}  // namespace lt
