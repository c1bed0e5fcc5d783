// Prologues: what happens to a convolution's inputs on their way from the images into rows. read(to, pixel,
// count) writes count pixels with all their channels.
#pragma once
#include "kernels/simd/vectors.h"
#include "kernels/winograd.h"

namespace lt::kernels {

// Leaves the pixels as they are.
template <class S>
struct Identity {
  const float* images;
  int channels;

  inline void read(float* to, int64_t pixel, int64_t count) const {
    const float* from = images + pixel * channels;
    for (int64_t i = 0; i < count * channels; i += S::kWidth) S::store(to + i, S::load(from + i));
  }
};

// Applies relu(scale·x + shift).
template <class S>
struct NormRelu {
  const float *images, *scale, *shift;
  int channels;

  inline void read(float* to, int64_t pixel, int64_t count) const {
    forVectors<S>(channels, [&](int c, auto vectors) {
      constexpr int N = decltype(vectors)::kValue;
      const float* from = images + pixel * channels + c;
      const Vectors<S, N> s(scale + c), b(shift + c);
      for (int64_t i = 0; i < count * channels; i += channels)
#pragma GCC unroll 2
        for (int n = 0; n < N; n++) {
          const int64_t at = i + n * S::kWidth;
          S::store(to + at + c, S::relu(S::plus(s.of[n], S::load(from + at), b.of[n])));
        }
    });
  }
};

// Computes batch norm's gradient from its output's.
template <class S>
struct NormBackward {
  NormGradient norm;
  int channels;

  inline void read(float* to, int64_t pixel, int64_t count) const {
    forVectors<S>(channels, [&](int c, auto vectors) {
      constexpr int N = decltype(vectors)::kValue;
      const float *gradient = norm.gradient + pixel * channels + c,
                  *output = norm.output + pixel * channels + c;
      const Vectors<S, N> a(norm.a + c), b(norm.b + c), constant(norm.c + c);
      for (int64_t i = 0; i < count * channels; i += channels)
#pragma GCC unroll 2
        for (int n = 0; n < N; n++) {
          const int64_t at = i + n * S::kWidth;
          S::store(to + at + c, S::plus(a.of[n], S::load(gradient + at),
                                        S::plus(b.of[n], S::load(output + at), constant.of[n])));
        }
    });
  }
};

}  // namespace lt::kernels
