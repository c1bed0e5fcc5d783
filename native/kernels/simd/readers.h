// How pixels are read from images into rows: read(to, pixel, count) writes count pixels with all their channels.
#pragma once
#include "kernels/winograd.h"

namespace lt::kernels {

template <class S>
struct Plain {
  const float* images;
  int channels;

  inline void read(float* to, int64_t pixel, int64_t count) const {
    const float* from = images + pixel * channels;
    for (int64_t i = 0; i < count * channels; i += S::width) S::store(to + i, S::load(from + i));
  }
};

// relu(scale·x + shift)
template <class S>
struct Normalized {
  const float *images, *scale, *shift;
  int channels;

  inline void read(float* to, int64_t pixel, int64_t count) const {
    for (int c = 0; c < channels; c += S::width) {
      const float* from = images + pixel * channels + c;
      const auto s = S::load(scale + c), b = S::load(shift + c);
      for (int64_t i = 0; i < count * channels; i += channels) S::store(to + i + c, S::relu(S::plus(s, S::load(from + i), b)));
    }
  }
};

// Batch norm's gradient
template <class S>
struct Differentiated {
  NormGradient norm;
  int channels;

  inline void read(float* to, int64_t pixel, int64_t count) const {
    for (int c = 0; c < channels; c += S::width) {
      const float *gradient = norm.gradient + pixel * channels + c, *output = norm.output + pixel * channels + c;
      const auto a = S::load(norm.a + c), b = S::load(norm.b + c), constant = S::load(norm.c + c);
      for (int64_t i = 0; i < count * channels; i += channels)
        S::store(to + i + c, S::plus(a, S::load(gradient + i), S::plus(b, S::load(output + i), constant)));
    }
  }
};

}  // namespace lt::kernels
