// Depthwise convolutions: rows of pixels, a vector of channels at a time.
#pragma once
#include "kernels/inverted-residual.h"

namespace lt::kernels {

inline constexpr int kMaxDepthwiseKernel = 5;

// One row of outputs.
struct DepthwiseRow {
  const float* rows[kMaxDepthwiseKernel];  // of the input; null outside of the image
  int64_t width, stride;                   // of a row; from pixel to pixel
  float* out;
  int64_t outWidth, outStride;
  const float *weights, *bias;
  int channels, left;
  Range range;
};

// Computes P outputs from the given column on. Edge: some of their inputs lie outside of the image.
template <class S, int K, int Stride, int P, bool Edge>
__attribute__((noinline)) void depthwisePixels(const DepthwiseRow& row, int64_t column) {
  using Vec = typename S::Vec;
  const int64_t first = column * Stride - row.left;
  const Vec minimum = S::fill(row.range.minimum), maximum = S::fill(row.range.maximum);
  const float* weights = row.weights;
  float* out = row.out + column * row.outStride;
  for (int c = 0; c < row.channels; c += S::kWidth) {
    Vec sum[P];
    const Vec bias = S::load(row.bias + c);
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) sum[p] = bias;
    for (int ky = 0; ky < K; ky++, weights += K * S::kWidth) {
      if (!row.rows[ky]) continue;
      const float* from = row.rows[ky] + first * row.stride + c;
      Vec w[K];
#pragma GCC unroll 5
      for (int kx = 0; kx < K; kx++) w[kx] = S::load(weights + kx * S::kWidth);
#pragma GCC unroll 20
      for (int j = 0; j < (P - 1) * Stride + K; j++) {
        if (Edge && (first + j < 0 || first + j >= row.width)) continue;
        const Vec x = S::load(from + j * row.stride);
#pragma GCC unroll 5
        for (int kx = 0; kx < K; kx++)
          if (j >= kx && (j - kx) % Stride == 0 && (j - kx) / Stride < P)
            sum[(j - kx) / Stride] = S::plus(w[kx], x, sum[(j - kx) / Stride]);
      }
    }
#pragma GCC unroll 8
    for (int p = 0; p < P; p++)
      S::store(out + p * row.outStride + c, S::min(maximum, S::max(minimum, sum[p])));
  }
}

template <class S, int K, int Stride, int P>
inline void depthwiseColumns(const DepthwiseRow& row, int64_t& column) {
  for (; column + P <= row.outWidth; column += P) {
    const int64_t first = column * Stride - row.left;
    if (first < 0 || first + (P - 1) * Stride + K > row.width)
      depthwisePixels<S, K, Stride, P, true>(row, column);
    else
      depthwisePixels<S, K, Stride, P, false>(row, column);
  }
}

// Seven outputs at a time divide the rows of images of 224 pixels, and their sums and a row of the kernel fit
// AVX2's registers.
template <class S, int K, int Stride>
inline void depthwiseRow(const DepthwiseRow& row) {
  int64_t column = 0;
  depthwiseColumns<S, K, Stride, 7>(row, column);
  depthwiseColumns<S, K, Stride, 4>(row, column);
  depthwiseColumns<S, K, Stride, 1>(row, column);
}

template <class S>
inline void depthwise(const DepthwiseRow& row, int kernel, int stride) {
  if (kernel == 3)
    stride == 1 ? depthwiseRow<S, 3, 1>(row) : depthwiseRow<S, 3, 2>(row);
  else
    stride == 1 ? depthwiseRow<S, 5, 1>(row) : depthwiseRow<S, 5, 2>(row);
}

}  // namespace lt::kernels
