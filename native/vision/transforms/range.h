// Two numbers between which a transform draws one.
#pragma once
#include "vision/transforms/transform.h"

namespace lt {

struct Range {
  double low, high;

  double uniform(Philox& random) const { return low + (high - low) * random.uniform(); }
};

// Of an option [low, high].
inline Range rangeOf(const Options& options, const char* key) {
  const std::vector<double> ends = options.numbers(key);
  return {ends.at(0), ends.at(1)};
}

}  // namespace lt
