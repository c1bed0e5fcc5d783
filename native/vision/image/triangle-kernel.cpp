#include "vision/image/triangle-kernel.h"

#include <algorithm>
#include <cmath>

namespace lt::vision {
namespace {

// A triangle over the inputs, in their units.
struct Triangle {
  double scale, support, start;
  int inputs;

  explicit Triangle(const Axis& axis)
      : scale(axis.length / axis.outputs),
        support(std::max(scale, 1.0)),
        start(axis.start),
        inputs(axis.inputs) {}

  double center(int output) const { return start + (output + 0.5) * scale; }
  Span span(int output) const {
    const int first = std::max(static_cast<int>(center(output) - support + 0.5), 0);
    return {first, std::min(static_cast<int>(center(output) + support + 0.5), inputs) - first};
  }
  double height(int output, int input) const {
    return std::max(0.0, 1.0 - std::abs((input + 0.5 - center(output)) / support));
  }
};

}  // namespace

Span inputsOf(const Axis& axis) {
  if (axis.keepsSize()) return {axis.first, axis.count};
  const Triangle triangle(axis);
  const int first = triangle.span(axis.first).first;
  const Span last = triangle.span(axis.first + axis.count - 1);
  return {first, last.first + last.count - first};
}

TriangleKernel::TriangleKernel(const Axis& axis) {
  const Triangle triangle(axis);
  taps = static_cast<int>(std::ceil(triangle.support)) * 2 + 2;
  spans.resize(static_cast<size_t>(axis.count));
  weights.assign(spans.size() * taps, 0);
  const int start = inputsOf(axis).first;
  std::vector<double> exact(taps);
  int32_t* to = weights.data();
  for (int i = 0; i < axis.count; i++, to += taps) {
    const int output = axis.first + i;
    const auto [first, count] = triangle.span(output);
    double total = 0;
    for (int tap = 0; tap < count; tap++) total += exact[tap] = triangle.height(output, first + tap);
    for (int tap = 0; tap < count; tap++)
      to[tap] = static_cast<int32_t>(std::lround(exact[tap] / total * (1 << kFractionBits)));
    spans[i] = {first - start, count};
  }
}

}  // namespace lt::vision
