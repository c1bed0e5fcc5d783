// Batch norm's passes over pixels, for where no convolution of ours is beside it to do them on the way.
#pragma once
#include "kernels/simd/epilogues.h"
#include "kernels/simd/vectors.h"

namespace lt::kernels {

inline constexpr int kPixelBlock = 256;  // pixels whose sums are taken in single precision

// Calls work(first offset, end offset, channel, Count<vectors>) over blocks of pixels.
template <class S, class Work, class EndBlock>
inline void forPixels(const Pixels& pixels, Chunk chunk, const Work& work, const EndBlock& endBlock) {
  const int64_t end = pixels.count * (chunk.index + 1) / chunk.count;
  for (int64_t first = pixels.count * chunk.index / chunk.count; first < end; first += kPixelBlock) {
    const int64_t next = first + kPixelBlock < end ? first + kPixelBlock : end;
    forVectors<S>(pixels.channels, [&](int c, auto vectors) {
      work(first * pixels.channels + c, next * pixels.channels + c, c, vectors);
    });
    endBlock(next - first);
  }
}

// Calls one(offset, n) for N vectors of each pixel, from offset `first` on.
template <class S, int N, class One>
inline __attribute__((always_inline)) void eachPixel(int64_t first, int64_t end, int channels,
                                                     const One& one) {
  for (int64_t i = first; i < end; i += channels)
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) one(i + n * S::kWidth, n);
}

// Does the same with Sums or Moments: calls one(offset, channel, lane of these channels).
template <class S, class Lanes, class One>
inline void sumOverPixels(const Pixels& pixels, Lanes& sums, Chunk chunk, const One& one) {
  forPixels<S>(
      pixels, chunk,
      [&](int64_t first, int64_t end, int c, auto vectors) {
        constexpr int N = decltype(vectors)::kValue;
        typename Lanes::Lane lanes[] = {sums.lane(c), sums.lane(c + (N - 1) * S::kWidth)};
        eachPixel<S, N>(first, end, pixels.channels,
                        [&](int64_t at, int n) { one(at, c + n * S::kWidth, lanes[n]); });
        for (int n = 0; n < N; n++) lanes[n].end();
      },
      [&](int64_t count) { sums.endBlock(count); });
}

template <class S>
void sumPixels(const SumPixels& job, Chunk chunk) {
  float memory[3 * kMaxNormChannels];
  Moments<S> moments(job.sums, memory, job.pixels.channels);
  moments.setPilot(job.values + job.pixels.count * chunk.index / chunk.count * job.pixels.channels);
  sumOverPixels<S>(job.pixels, moments, chunk,
                   [&](int64_t at, int, auto& lane)
                       __attribute__((always_inline)) { lane.add(S::load(job.values + at)); });
}

template <class S>
void maskPixels(const MaskPixels& job, Chunk chunk) {
  float block[2 * kMaxNormChannels];
  Sums<S> sums(job.sums, block, job.pixels.channels);
  sumOverPixels<S>(job.pixels, sums, chunk,
                   [&](int64_t at, int c, auto& lane) __attribute__((always_inline)) {
                     const auto value = S::where(S::load(job.output + at), S::load(job.gradient + at));
                     lane.add(value, S::load(job.normalized + at) - S::load(job.mean + c));
                     S::store(job.masked + at, value);
                   });
}

template <class S>
void normalizePixels(const NormalizePixels& job, Chunk chunk) {
  forPixels<S>(
      job.pixels, chunk,
      [&](int64_t first, int64_t end, int c, auto vectors) {
        constexpr int N = decltype(vectors)::kValue;
        const Vectors<S, N> scale(job.scale + c), shift(job.shift + c);
        const auto value = [&](int64_t at, int n) __attribute__((always_inline)) {
          return S::plus(scale.of[n], S::load(job.values + at), shift.of[n]);
        };
        if (job.shortcut)
          eachPixel<S, N>(first, end, job.pixels.channels, [&](int64_t at, int n) {
            S::store(job.output + at, S::relu(value(at, n) + S::load(job.shortcut + at)));
          });
        else
          eachPixel<S, N>(first, end, job.pixels.channels,
                          [&](int64_t at, int n) { S::store(job.output + at, S::relu(value(at, n))); });
      },
      [](int64_t) {});
}

template <class S>
void normGradientPixels(const NormGradientPixels& job, Chunk chunk) {
  const NormGradient& norm = job.gradient;
  forPixels<S>(
      job.pixels, chunk,
      [&](int64_t first, int64_t end, int c, auto vectors) {
        constexpr int N = decltype(vectors)::kValue;
        const Vectors<S, N> a(norm.a + c), b(norm.b + c), constant(norm.c + c);
        eachPixel<S, N>(first, end, job.pixels.channels, [&](int64_t at, int n) {
          S::store(job.output + at, S::plus(a.of[n], S::load(norm.gradient + at),
                                            S::plus(b.of[n], S::load(norm.output + at), constant.of[n])));
        });
      },
      [](int64_t) {});
}

}  // namespace lt::kernels
