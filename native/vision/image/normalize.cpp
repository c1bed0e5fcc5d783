#include "vision/image/normalize.h"

#include "vision/image/simd.h"

namespace lt {

namespace {

constexpr size_t channels = 3;
constexpr size_t blockPixels =
    8;  // 24 values: three vectors of eight, whose factors are the same in every block
constexpr size_t blockSize = channels * blockPixels;

}  // namespace

LT_AVX2_TOO void normalizeInterleaved(const uint8_t* from, size_t pixels, const Normalization& normalization,
                                      float* to) {
  float scale[blockSize], shift[blockSize];
  for (size_t i = 0; i < blockSize; i++) {
    scale[i] = normalization.scale[i % channels];
    shift[i] = normalization.shift[i % channels];
  }
  const size_t values = pixels * channels, whole = values - values % blockSize;
  for (size_t start = 0; start < whole; start += blockSize) {
    for (size_t i = 0; i < blockSize; i++) to[start + i] = scale[i] * from[start + i] + shift[i];
  }
  for (size_t i = whole; i < values; i++) to[i] = scale[i - whole] * from[i] + shift[i - whole];
}

LT_AVX2_TOO void normalizeToPlanes(const uint8_t* from, size_t pixels, const Normalization& normalization,
                                   float* to) {
  for (size_t channel = 0; channel < channels; channel++) {
    const float scale = normalization.scale[channel], shift = normalization.shift[channel];
    float* plane = to + channel * pixels;
    for (size_t i = 0; i < pixels; i++) plane[i] = scale * from[channels * i + channel] + shift;
  }
}

}  // namespace lt
