// Pointwise convolutions: products of pixels and packed weights.
#pragma once
#include "kernels/inverted-residual.h"

namespace lt::kernels {

// How the inputs of a pixel lie: in so many runs of the same length, each so far behind the one before.
struct Runs {
  int count = 1;
  int64_t stride = 0;
};

// Where pixels come from and go to; their sums go on from what lies in `out` where there is no bias.
struct PixelRows {
  const float* in;
  int64_t inStride;  // from pixel to pixel
  Runs runs{};       // of a pixel's inputs
  const float* shortcut = nullptr;
  float* out = nullptr;
  int64_t outStride = 0;  // of the shortcut too
  const float* bias = nullptr;
  Range range{};
};

// Pixels of a tile at most: with so many vectors of outputs, as many sums as AVX2 has registers for.
constexpr int maxTilePixels(int vectors) { return vectors == 3 ? 4 : 6; }

// Computes R pixels and N vectors of outputs, the last one of so many `lanes`.
template <class S, int R, int N, bool InRuns>
inline __attribute__((always_inline)) void pointwiseTile(const PixelRows& o, const float* weights, int length,
                                                         int lanes) {
  using Vec = typename S::Vec;
  const float* __restrict in = o.in;
  const float* __restrict right = weights;
  const bool whole = lanes == S::kWidth;
  Vec sum[R][N];
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
#pragma GCC unroll 3
    for (int n = 0; n < N; n++) {
      const float* out = o.out + r * o.outStride + n * S::kWidth;
      sum[r][n] = o.bias               ? S::load(o.bias + n * S::kWidth)
                  : whole || n < N - 1 ? S::load(out)
                                       : S::loadSome(out, lanes);
    }
  const int runs = InRuns ? o.runs.count : 1;
  for (int run = 0; run < runs; run++, in += o.runs.stride)
#pragma GCC unroll 4
    for (int k = 0; k < length; k++) {
      Vec b[N];
#pragma GCC unroll 3
      for (int n = 0; n < N; n++) b[n] = S::load(right + n * S::kWidth);
#pragma GCC unroll 6
      for (int r = 0; r < R; r++) {
        const Vec a = S::fill(in[r * o.inStride + k]);
#pragma GCC unroll 3
        for (int n = 0; n < N; n++) sum[r][n] = S::plus(a, b[n], sum[r][n]);
      }
      right += N * S::kWidth;
    }
  const Vec minimum = S::fill(o.range.minimum), maximum = S::fill(o.range.maximum);
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
#pragma GCC unroll 3
    for (int n = 0; n < N; n++) {
      const int64_t at = r * o.outStride + n * S::kWidth;
      const bool full = whole || n < N - 1;
      Vec value = sum[r][n];
      if (o.shortcut) value = value + (full ? S::load(o.shortcut + at) : S::loadSome(o.shortcut + at, lanes));
      value = S::min(maximum, S::max(minimum, value));
      if (full)
        S::store(o.out + at, value);
      else
        S::storeSome(o.out + at, value, lanes);
    }
}

// Computes the pixels in groups of nearly equal size.
template <class S, int N, bool InRuns>
__attribute__((noinline)) void pointwisePanel(PixelRows o, int64_t pixels, const float* weights, int depth,
                                              int lanes) {
  constexpr int kMost = maxTilePixels(N);
  const int length = InRuns ? depth / o.runs.count : depth;
  for (int64_t groups = (pixels + kMost - 1) / kMost; groups > 0; groups--) {
    const int64_t size = pixels / groups;
    switch (size) {
      case 6:
        if constexpr (kMost >= 6) pointwiseTile<S, 6, N, InRuns>(o, weights, length, lanes);
        break;
      case 5:
        if constexpr (kMost >= 5) pointwiseTile<S, 5, N, InRuns>(o, weights, length, lanes);
        break;
      case 4:
        pointwiseTile<S, 4, N, InRuns>(o, weights, length, lanes);
        break;
      case 3:
        pointwiseTile<S, 3, N, InRuns>(o, weights, length, lanes);
        break;
      case 2:
        pointwiseTile<S, 2, N, InRuns>(o, weights, length, lanes);
        break;
      default:
        pointwiseTile<S, 1, N, InRuns>(o, weights, length, lanes);
    }
    o.in += size * o.inStride;
    o.out += size * o.outStride;
    if (o.shortcut) o.shortcut += size * o.outStride;
    pixels -= size;
  }
}

// Inputs and outputs of a convolution, from the first of them to before the last.
struct Extent {
  int first, end;
};

// Computes such outputs of the pixels from such inputs, which may lie in runs; the outputs begin with a
// panel.
template <class S, bool InRuns = false>
inline void pointwise(const Pointwise& job, PixelRows o, int64_t pixels, Extent inputs, Extent outputs) {
  const float *const bias = o.bias, *const shortcut = o.shortcut;
  float* const out = o.out;
  const int depth = inputs.end - inputs.first;
  for (int first = outputs.first, count; first < outputs.end; first += count) {
    const int left = outputs.end - first, vectors = panelVectors(left, S::kWidth, job.threes);
    count = left < vectors * S::kWidth ? left : vectors * S::kWidth;
    const float* weights = job.weights + static_cast<int64_t>(first) * job.inputs +
                           static_cast<int64_t>(inputs.first) * vectors * S::kWidth;
    o.bias = bias ? bias + first : nullptr;
    o.shortcut = shortcut ? shortcut + (first - outputs.first) : nullptr;
    o.out = out + (first - outputs.first);
    const int lanes = count - (vectors - 1) * S::kWidth;
    if (vectors == 3)
      pointwisePanel<S, 3, InRuns>(o, pixels, weights, depth, lanes);
    else if (vectors == 2)
      pointwisePanel<S, 2, InRuns>(o, pixels, weights, depth, lanes);
    else
      pointwisePanel<S, 1, InRuns>(o, pixels, weights, depth, lanes);
  }
}

// Works on blocks of pixels that stay in a core's cache while all weights pass by.
template <class S>
void pointwiseImages(const PointwiseImages& job, Chunk chunk) {
  constexpr int64_t kBlockFloats = 32 * 1024, kMinBlock = 48;
  const auto& [inputs, outputs, weights, bias, range, threes] = job.convolution;
  const int64_t fit = kBlockFloats / inputs / 6 * 6, block = fit < kMinBlock ? kMinBlock : fit;
  const int64_t end = job.pixels * (chunk.index + 1) / chunk.count;
  for (int64_t first = job.pixels * chunk.index / chunk.count; first < end; first += block) {
    const int64_t pixels = end - first < block ? end - first : block;
    const float* shortcut = job.shortcut ? job.shortcut + first * job.outputStride : nullptr;
    pointwise<S>(job.convolution,
                 {job.input + first * inputs,
                  inputs,
                  {},
                  shortcut,
                  job.output + first * job.outputStride,
                  job.outputStride,
                  bias,
                  range},
                 pixels, {0, inputs}, {0, outputs});
  }
}

}  // namespace lt::kernels
