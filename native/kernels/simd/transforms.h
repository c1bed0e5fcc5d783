// The one-dimensional transforms of F(4, 3) at the points 0, ±1/√2, ±√2 and infinity. These points, instead
// of the usual 0, ±1, ±2, keep the rounding error about as small as a direct convolution's: Barabasz et al.,
// "Error analysis and improving the accuracy of Winograd convolution for deep neural networks", ACM TOMS
// 2020.
#pragma once

namespace lt::kernels {

inline constexpr float kNear = 0.70710678118654752f;  // 1/√2
inline constexpr float kFar = 1.41421356237309505f;   // √2

// The transform of the weights: rows [1, p, p²] / n for the points in order, and [0, 0, 1] for infinity.
inline constexpr float kWeightTransform[6][3] = {
    {1, 0, 0},
    {-2.f / 3, -2.f / 3 * kNear, -1.f / 3},
    {-2.f / 3, 2.f / 3 * kNear, -1.f / 3},
    {1.f / 6, kFar / 6, 1.f / 3},
    {1.f / 6, -kFar / 6, 1.f / 3},
    {0, 0, 1},
};

template <class S>
struct Transforms {
  using Vec = typename S::Vec;

  // B' d: a window's inputs
  static inline void input(const Vec (&d)[6], Vec (&out)[6]) {
    const Vec sum = S::fill(2.5f), two = S::fill(2.f), half = S::fill(.5f), near = S::fill(kNear),
              far = S::fill(kFar);
    out[0] = S::minus(sum, d[2], d[0]) + d[4];
    const Vec nearEven = S::minus(two, d[2], d[4]), nearOdd = S::minus(two, d[1], d[3]);
    out[1] = S::plus(near, nearOdd, nearEven);
    out[2] = S::minus(near, nearOdd, nearEven);
    const Vec farEven = S::minus(half, d[2], d[4]), farOdd = S::minus(half, d[1], d[3]);
    out[3] = S::plus(far, farOdd, farEven);
    out[4] = S::minus(far, farOdd, farEven);
    out[5] = S::minus(sum, d[3], d[1]) + d[5];
  }

  // A' m: a tile's outputs
  static inline void output(const Vec (&m)[6], Vec (&out)[4]) {
    const Vec half = S::fill(.5f), two = S::fill(2.f), near = S::fill(kNear), far = S::fill(kFar);
    const Vec nearEven = m[1] + m[2], nearOdd = m[1] - m[2], farEven = m[3] + m[4], farOdd = m[3] - m[4];
    out[0] = m[0] + nearEven + farEven;
    out[1] = S::plus(near, nearOdd, far * farOdd);
    out[2] = S::plus(half, nearEven, two * farEven);
    out[3] = S::plus(S::fill(kNear / 2), nearOdd, S::plus(S::fill(kFar * 2), farOdd, m[5]));
  }

  // A y: a tile's gradients of the outputs
  static inline void gradient(const Vec (&y)[4], Vec (&out)[6]) {
    const Vec half = S::fill(.5f), two = S::fill(2.f), near = S::fill(kNear), far = S::fill(kFar);
    out[0] = y[0];
    const Vec nearEven = S::plus(half, y[2], y[0]), nearOdd = S::plus(half, y[3], y[1]);
    out[1] = S::plus(near, nearOdd, nearEven);
    out[2] = S::minus(near, nearOdd, nearEven);
    const Vec farEven = S::plus(two, y[2], y[0]), farOdd = S::plus(two, y[3], y[1]);
    out[3] = S::plus(far, farOdd, farEven);
    out[4] = S::minus(far, farOdd, farEven);
    out[5] = y[3];
  }
};

}  // namespace lt::kernels
