// Products of a block's transformed tiles with transformed weights or gradients: small matrices that lie in
// the caches.
#pragma once
#include "kernels/winograd.h"

namespace lt::kernels {

// Where a product's operands lie: out[r][·] (+)= sum over k of left[r, k] · right[k][·].
struct Operands {
  const float* left;
  int64_t leftStride;  // from row to row, or from k to k where left is transposed
  const float* right;
  int64_t rightStride;
  float* out;
  int64_t outStride;
  int depth;
};

// Computes R rows and N vectors of the result in registers. With R = 6 and N = 2 the AVX2 version runs at 80
// to 94 % of the processor's peak; other shapes were slower.
template <class S, bool Transposed, int R, int N>
inline __attribute__((always_inline)) void productOf(const Operands& o) {
  using Vec = typename S::Vec;
  const float* __restrict left = o.left;
  const float* __restrict right = o.right;
  Vec sum[R][N];
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
#pragma GCC unroll 2
    for (int n = 0; n < N; n++)
      sum[r][n] = Transposed ? S::load(o.out + r * o.outStride + n * S::kWidth) : S::fill(0);
#pragma GCC unroll 4
  for (int k = 0; k < o.depth; k++) {
    Vec b[N];
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) b[n] = S::load(right + n * S::kWidth);
#pragma GCC unroll 6
    for (int r = 0; r < R; r++) {
      const Vec a = S::fill(Transposed ? left[r] : left[r * o.leftStride + k]);
#pragma GCC unroll 2
      for (int n = 0; n < N; n++) sum[r][n] = S::plus(a, b[n], sum[r][n]);
    }
    right += o.rightStride;
    if (Transposed) left += o.leftStride;
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) S::store(o.out + r * o.outStride + n * S::kWidth, sum[r][n]);
}

// Computes the rows in groups of nearly equal size, none above 6: a last group of one or two would waste the
// registers.
template <class S, bool Transposed, int N>
inline void productOfRows(Operands o, int rows) {
  for (int groups = (rows + 5) / 6; groups > 0; groups--) {
    const int size = rows / groups;
    switch (size) {
      case 6:
        productOf<S, Transposed, 6, N>(o);
        break;
      case 5:
        productOf<S, Transposed, 5, N>(o);
        break;
      case 4:
        productOf<S, Transposed, 4, N>(o);
        break;
      case 3:
        productOf<S, Transposed, 3, N>(o);
        break;
      case 2:
        productOf<S, Transposed, 2, N>(o);
        break;
      default:
        productOf<S, Transposed, 1, N>(o);
    }
    o.left += Transposed ? size : size * o.leftStride;
    o.out += size * o.outStride;
    rows -= size;
  }
}

// Transformed weights lie in panels of two vectors of outputs, [36][panel][inputs][panel's outputs]; the last
// panel has one vector where the outputs are no multiple of two.
template <class S>
inline constexpr int kPanel = 2 * S::kWidth;

// M[plane][tile][output] = V[plane][tile][input] · weights
template <class S>
inline void multiplyWithWeights(const float* v, int64_t vPlane, const float* weights, float* m,
                                int64_t mPlane, int tiles, Channels channels) {
  const auto [inputs, outputs] = channels;
  for (int plane = 0; plane < kPlanes;
       plane++, v += vPlane, m += mPlane, weights += static_cast<int64_t>(inputs) * outputs) {
    int first = 0;
    for (; first + kPanel<S> <= outputs; first += kPanel<S>)
      productOfRows<S, false, 2>(
          {v, inputs, weights + static_cast<int64_t>(first) * inputs, kPanel<S>, m + first, outputs, inputs},
          tiles);
    if (first < outputs)
      productOfRows<S, false, 1>(
          {v, inputs, weights + static_cast<int64_t>(first) * inputs, S::kWidth, m + first, outputs, inputs},
          tiles);
  }
}

// sum[plane][input][output] += over tiles of V[plane][tile][input] · D[plane][tile][output]
template <class S>
inline void addWeightGradient(const float* v, int64_t vPlane, const float* d, int64_t dPlane, float* sum,
                              int tiles, Channels channels) {
  const auto [inputs, outputs] = channels;
  for (int plane = 0; plane < kPlanes;
       plane++, v += vPlane, d += dPlane, sum += static_cast<int64_t>(inputs) * outputs) {
    int first = 0;
    for (; first + kPanel<S> <= outputs; first += kPanel<S>)
      productOfRows<S, true, 2>({v, inputs, d + first, outputs, sum + first, outputs, tiles}, inputs);
    if (first < outputs)
      productOfRows<S, true, 1>({v, inputs, d + first, outputs, sum + first, outputs, tiles}, inputs);
  }
}

}  // namespace lt::kernels
