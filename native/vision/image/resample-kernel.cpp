#include "vision/image/resample-kernel.h"

#include <algorithm>
#include <cmath>

namespace lt::vision {
namespace {

double weightAt(Filter filter, double distance) {
  const double x = std::abs(distance);
  if (filter == Filter::Bilinear) return std::max(0.0, 1.0 - x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? -0.5 * (((x - 5) * x + 8) * x - 4) : 0.0;
}

double halfWidth(Filter filter) { return filter == Filter::Bilinear ? 1 : 2; }

// The filter over the inputs, in their units, as wide as an output where the image becomes smaller.
struct Window1D {
  double scale, stretch, support, start;
  int inputs;
  Filter filter;

  explicit Window1D(const Axis& axis)
      : scale(axis.length / axis.outputs),
        stretch(std::max(scale, 1.0)),
        support(stretch * halfWidth(axis.filter)),
        start(axis.start),
        inputs(axis.inputs),
        filter(axis.filter) {}

  double center(int output) const { return start + (output + 0.5) * scale; }
  Span span(int output) const {
    const int first = std::max(static_cast<int>(center(output) - support + 0.5), 0);
    return {first, std::min(static_cast<int>(center(output) + support + 0.5), inputs) - first};
  }
  double weight(int output, int input) const {
    return weightAt(filter, (input + 0.5 - center(output)) / stretch);
  }
};

}  // namespace

Span inputsOf(const Axis& axis) {
  if (axis.keepsSize()) return {axis.first, axis.count};
  const Window1D window(axis);
  const int first = window.span(axis.first).first;
  const Span last = window.span(axis.first + axis.count - 1);
  return {first, last.first + last.count - first};
}

ResampleKernel::ResampleKernel(const Axis& axis) {
  const Window1D window(axis);
  taps = static_cast<int>(std::ceil(window.support)) * 2 + 2;
  spans.resize(static_cast<size_t>(axis.count));
  weights.assign(spans.size() * taps, 0);
  const int start = inputsOf(axis).first;
  std::vector<double> exact(taps);
  int32_t* to = weights.data();
  for (int i = 0; i < axis.count; i++, to += taps) {
    const int output = axis.first + i;
    const auto [first, count] = window.span(output);
    double total = 0;
    for (int tap = 0; tap < count; tap++) total += exact[tap] = window.weight(output, first + tap);
    for (int tap = 0; tap < count; tap++)
      to[tap] = static_cast<int32_t>(std::lround(exact[tap] / total * (1 << kFractionBits)));
    spans[i] = {first - start, count};
  }
}

}  // namespace lt::vision
