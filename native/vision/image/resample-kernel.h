// The weights of a resize.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lt::vision {

// The function that weighs inputs by their distance from an output: a triangle, or the piecewise cubic of
// Keys (1981) with a = -0.5.
enum class Filter { Bilinear, Bicubic };

// One side of an image that is resized: `inputs` pixels become `outputs`, of which only `count` from `first`
// on are wanted. The outputs divide `length` pixels from `start` on among them: all inputs, unless said
// otherwise.
struct Axis {
  int inputs, outputs, first, count;
  double start = 0, length = inputs;
  Filter filter = Filter::Bilinear;

  static Axis whole(int inputs, int outputs, Filter filter = Filter::Bilinear) {
    return {inputs, outputs, 0, outputs, 0, static_cast<double>(inputs), filter};
  }
  bool keepsSize() const { return inputs == outputs && length == inputs; }
};

// The pixels from which the wanted ones are computed.
struct Span {
  int first, count;
};
Span inputsOf(const Axis& axis);

// For each wanted output, the inputs from which it is computed and their weights, which add up to 2^22; those
// of the cubic may be negative. Inputs are counted from the first one that any output needs.
struct ResampleKernel {
  static constexpr int kFractionBits = 22;  // 8 bits of value, 2 of headroom for rounding, 22 of weight
  static constexpr int32_t kHalf = 1 << (kFractionBits - 1);

  int taps;  // weights an output, an even number: zeros fill up
  std::vector<Span> spans;
  std::vector<int32_t> weights;

  explicit ResampleKernel(const Axis& axis);
  const int32_t* weightsOf(int output) const { return weights.data() + static_cast<size_t>(output) * taps; }
};

}  // namespace lt::vision
