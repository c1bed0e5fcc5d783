// Policies: transforms that draw which operations to do, and then do them.
#pragma once
#include <string>
#include <vector>

#include "vision/operations/operation.h"
#include "vision/transform.h"

namespace lt {

struct Step {
  const Operation* operation;
  double value;
  Interpolation interpolation;
};

struct Draw {
  int alternative = 0;  // of several lists of operations the one that was drawn (AutoAugment's sub-policy)
  std::vector<Step> steps;
};

class Policy : public Transform {
 public:
  explicit Policy(const Options& options);  // { fill }
  void apply(Image& image, Philox& random) const final;
  virtual Draw draw(Philox& random) const = 0;

 private:
  Color fill_;
};

std::string describe(const Draw& draw);  // "3: shear-x 0.1, equalize 0"; the same text for the same steps only

Color colorOf(const Options& options, const char* key);  // three bytes

}  // namespace lt
