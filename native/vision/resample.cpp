#include "vision/resample.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lt {
namespace {

constexpr int fractionBits = 22;  // 8 bits of value, 2 of headroom for rounding, 22 of weight
constexpr int32_t half = 1 << (fractionBits - 1);

uint8_t toByte(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> fractionBits, 0, 255)); }

// For each output position the inputs first, first + 1, … and their weights, `taps` apart in `weights`.
struct Kernel {
  struct Window {
    int first, count;
  };
  int taps;
  std::vector<Window> windows;
  std::vector<int32_t> weights;

  const int32_t* weightsOf(int position) const { return weights.data() + static_cast<size_t>(position) * taps; }
};

Kernel triangleKernel(int inputs, int outputs) {
  const double scale = static_cast<double>(inputs) / outputs;
  const double support = std::max(scale, 1.0);
  Kernel kernel;
  kernel.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  kernel.windows.resize(outputs);
  kernel.weights.assign(static_cast<size_t>(outputs) * kernel.taps, 0);
  std::vector<double> exact(kernel.taps);
  for (int position = 0; position < outputs; position++) {
    const double centre = (position + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int count = std::min(static_cast<int>(centre + support + 0.5), inputs) - first;
    double total = 0;
    for (int i = 0; i < count; i++) {
      exact[i] = std::max(0.0, 1.0 - std::abs((first + i + 0.5 - centre) / support));
      total += exact[i];
    }
    int32_t* weights = kernel.weights.data() + static_cast<size_t>(position) * kernel.taps;
    for (int i = 0; i < count; i++) {
      weights[i] = static_cast<int32_t>(std::lround(exact[i] / total * (1 << fractionBits)));
    }
    kernel.windows[position] = {first, count};
  }
  return kernel;
}

Image resampleRows(const Image& image, int width) {
  const Kernel kernel = triangleKernel(image.width, width);
  Image result(image.height, width);
  for (int y = 0; y < image.height; y++) {
    const uint8_t* from = image.row(y);
    uint8_t* to = result.row(y);
    for (int x = 0; x < width; x++, to += 3) {
      const auto [first, count] = kernel.windows[x];
      const int32_t* weights = kernel.weightsOf(x);
      const uint8_t* pixel = from + first * 3;
      int32_t red = half, green = half, blue = half;
      for (int i = 0; i < count; i++, pixel += 3) {
        red += weights[i] * pixel[0];
        green += weights[i] * pixel[1];
        blue += weights[i] * pixel[2];
      }
      to[0] = toByte(red);
      to[1] = toByte(green);
      to[2] = toByte(blue);
    }
  }
  return result;
}

Image resampleColumns(const Image& image, int height) {
  const Kernel kernel = triangleKernel(image.height, height);
  Image result(height, image.width);
  const size_t size = image.rowSize();
  std::vector<int32_t> sums(size);
  for (int y = 0; y < height; y++) {
    const auto [first, count] = kernel.windows[y];
    const int32_t* weights = kernel.weightsOf(y);
    std::fill(sums.begin(), sums.end(), half);
    for (int i = 0; i < count; i++) {
      const uint8_t* from = image.row(first + i);
      const int32_t weight = weights[i];
      for (size_t x = 0; x < size; x++) sums[x] += weight * from[x];
    }
    uint8_t* to = result.row(y);
    for (size_t x = 0; x < size; x++) to[x] = toByte(sums[x]);
  }
  return result;
}

Image copy(const Image& image) {
  Image result(image.height, image.width);
  std::memcpy(result.pixels.get(), image.pixels.get(), image.size());
  return result;
}

}  // namespace

Image resample(const Image& image, int height, int width) {
  if (width == image.width) return height == image.height ? copy(image) : resampleColumns(image, height);
  Image rows = resampleRows(image, width);
  return height == image.height ? std::move(rows) : resampleColumns(rows, height);
}

}  // namespace lt
