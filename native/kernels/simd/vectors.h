// Two vectors of channels at a time: with AVX2 they are a cache line, so that a pass over pixels touches each
// line once.
#pragma once

namespace lt::kernels {

template <int N>
struct Count {
  static constexpr int kValue = N;
};

// Calls work(channel, Count<2>) for pairs of vectors, and with Count<1> where a vector is left over.
template <class S, class Work>
inline void forVectors(int channels, const Work& work) {
  int c = 0;
  for (; c + 2 * S::kWidth <= channels; c += 2 * S::kWidth) work(c, Count<2>());
  if (c < channels) work(c, Count<1>());
}

// N vectors, loaded from memory.
template <class S, int N>
struct Vectors {
  typename S::Vec of[N];
  explicit inline Vectors(const float* from) {
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) of[n] = S::load(from + n * S::kWidth);
  }
};

}  // namespace lt::kernels
