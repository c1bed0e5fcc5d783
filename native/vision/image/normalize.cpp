#include "vision/image/normalize.h"

#include "vision/image/simd.h"

namespace lt::vision {

namespace {

constexpr size_t kChannels = 3;
// 24 values: three vectors of eight, whose factors are the same in every block.
constexpr size_t kBlockPixels = 8;
constexpr size_t kBlockSize = kChannels * kBlockPixels;

}  // namespace

LT_AVX2_TOO void normalizeInterleaved(const uint8_t* from, size_t pixels, const Normalization& normalization,
                                      float* to) {
  float scale[kBlockSize], shift[kBlockSize];
  for (size_t i = 0; i < kBlockSize; i++) {
    scale[i] = normalization.scale[i % kChannels];
    shift[i] = normalization.shift[i % kChannels];
  }
  const size_t values = pixels * kChannels, whole = values - values % kBlockSize;
  for (size_t start = 0; start < whole; start += kBlockSize) {
    for (size_t i = 0; i < kBlockSize; i++) to[start + i] = scale[i] * from[start + i] + shift[i];
  }
  for (size_t i = whole; i < values; i++) to[i] = scale[i - whole] * from[i] + shift[i - whole];
}

LT_AVX2_TOO void normalizeToPlanes(const uint8_t* from, size_t pixels, const Normalization& normalization,
                                   float* to) {
  for (size_t channel = 0; channel < kChannels; channel++) {
    const float scale = normalization.scale[channel], shift = normalization.shift[channel];
    float* plane = to + channel * pixels;
    for (size_t i = 0; i < pixels; i++) plane[i] = scale * from[kChannels * i + channel] + shift;
  }
}

}  // namespace lt::vision
