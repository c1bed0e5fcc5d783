// The weights of a bilinear resize.
#pragma once
#include <cstdint>
#include <vector>

#include "vision/resample.h"

namespace lt {

// For each wanted output the inputs it is made of and their weights, which make up 2^22. Inputs are counted from the first one that any
// output needs.
struct Kernel {
  static constexpr int fractionBits = 22;  // 8 bits of value, 2 of headroom for rounding, 22 of weight
  static constexpr int32_t half = 1 << (fractionBits - 1);

  int taps;  // weights an output, an even number: zeros fill up
  std::vector<Span> spans;
  std::vector<int32_t> weights;

  explicit Kernel(const Axis& axis);
  const int32_t* weightsOf(int output) const { return weights.data() + static_cast<size_t>(output) * taps; }
};

}  // namespace lt
