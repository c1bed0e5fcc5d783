// Policies: transforms that draw which operations to do, and then do them.
#pragma once
#include <vector>

#include "vision/transforms/operations/operation.h"
#include "vision/transforms/transform.h"

namespace lt::vision {

struct Step {
  const Operation* operation;
  double value;
  Interpolation interpolation = Interpolation::Nearest;
};

struct Draw {
  int alternative = 0;  // of several lists of operations the one that was drawn (AutoAugment's sub-policy)
  std::vector<Step> steps;
};

class Policy : public Transform {
 public:
  Policy(const Options& options, int steps);  // { fill }; draws at most as many steps
  void apply(Image& image, Philox& random) const final;

  // { alternative, then for each step the operation's number, the value and the interpolation's number; -1
  // for none }
  std::vector<double> drawn(int height, int width, Philox& random) const final;

 private:
  virtual Draw draw(Philox& random) const = 0;

  Color fill_;
  size_t steps_;
};

}  // namespace lt::vision
