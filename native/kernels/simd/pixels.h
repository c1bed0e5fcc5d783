// Batch norm's passes over pixels, where no convolution of ours is beside it to take them on.
#pragma once
#include "kernels/simd/writers.h"

namespace lt::kernels {

inline constexpr int kPixelBlock = 256;  // pixels whose sums are taken in single precision

// Calls work(first offset, end offset, channel) for each vector of channels over blocks of pixels.
template <class S, class Work, class EndBlock>
inline void forPixels(const Pixels& pixels, Part part, const Work& work, const EndBlock& endBlock) {
  const int64_t end = pixels.count * (part.index + 1) / part.of;
  for (int64_t first = pixels.count * part.index / part.of; first < end; first += kPixelBlock) {
    const int64_t next = first + kPixelBlock < end ? first + kPixelBlock : end;
    for (int c = 0; c < pixels.channels; c += S::width) work(first * pixels.channels + c, next * pixels.channels + c, c);
    endBlock();
  }
}

template <class S>
void sumPixels(const SumPixels& job, Part part) {
  float block[2 * kMostNormChannels];
  Sums<S> sums(job.sums, block, job.pixels.channels);
  forPixels<S>(
      job.pixels, part,
      [&](int64_t first, int64_t end, int c) {
        auto lane = sums.lane(c);
        for (int64_t i = first; i < end; i += job.pixels.channels) {
          const auto value = S::load(job.values + i);
          lane.add(value, value);
        }
        lane.end();
      },
      [&] { sums.endBlock(); });
}

template <class S>
void normalizePixels(const NormalizePixels& job, Part part) {
  forPixels<S>(
      job.pixels, part,
      [&](int64_t first, int64_t end, int c) {
        const auto scale = S::load(job.scale + c), shift = S::load(job.shift + c);
        if (job.shortcut)
          for (int64_t i = first; i < end; i += job.pixels.channels)
            S::store(job.output + i, S::relu(S::plus(scale, S::load(job.values + i), shift) + S::load(job.shortcut + i)));
        else
          for (int64_t i = first; i < end; i += job.pixels.channels)
            S::store(job.output + i, S::relu(S::plus(scale, S::load(job.values + i), shift)));
      },
      [] {});
}

template <class S>
void maskPixels(const MaskPixels& job, Part part) {
  float block[2 * kMostNormChannels];
  Sums<S> sums(job.sums, block, job.pixels.channels);
  forPixels<S>(
      job.pixels, part,
      [&](int64_t first, int64_t end, int c) {
        auto lane = sums.lane(c);
        const auto mean = S::load(job.mean + c);
        for (int64_t i = first; i < end; i += job.pixels.channels) {
          const auto value = S::where(S::load(job.output + i), S::load(job.gradient + i));
          lane.add(value, S::load(job.normalized + i) - mean);
          S::store(job.masked + i, value);
        }
        lane.end();
      },
      [&] { sums.endBlock(); });
}

template <class S>
void normGradientPixels(const NormGradientPixels& job, Part part) {
  forPixels<S>(job.pixels, part, [&](int64_t first, int64_t end, int c) {
    const auto a = S::load(job.gradient.a + c), b = S::load(job.gradient.b + c), constant = S::load(job.gradient.c + c);
    for (int64_t i = first; i < end; i += job.pixels.channels)
      S::store(job.output + i, S::plus(a, S::load(job.gradient.gradient + i), S::plus(b, S::load(job.gradient.output + i), constant)));
  }, [] {});
}

}  // namespace lt::kernels
