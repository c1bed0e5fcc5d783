#include "vision/transforms/operations/enhance.h"

#include <algorithm>
#include <array>

#include "vision/image/simd.h"
#include "vision/transforms/operations/luma.h"

namespace lt {
namespace {

constexpr size_t pixelsAtOnce = 1024;  // grey levels that are held at a time

size_t pixelsOf(const Image& image) { return image.size() / Image::channels; }

uint8_t moved(int plain, int value, float factor) {
  const float exact = static_cast<float>(plain) + factor * static_cast<float>(value - plain);
  return static_cast<uint8_t>(std::clamp(static_cast<int>(exact), 0, 255));
}

// The same plain value for every byte.
LT_AVX2_TOO void blendWith(int plain, uint8_t* values, size_t count, float factor) {
  for (size_t i = 0; i < count; i++) values[i] = moved(plain, values[i], factor);
}

}  // namespace

LT_AVX2_TOO void blend(const uint8_t* plain, uint8_t* values, size_t count, float factor) {
  for (size_t i = 0; i < count; i++) values[i] = moved(plain[i], values[i], factor);
}

void grayscale(Image& image) { repeatLuma(image.pixels.get(), pixelsOf(image), image.pixels.get()); }

void adjustBrightness(Image& image, float factor) { blendWith(0, image.pixels.get(), image.size(), factor); }

void adjustContrast(Image& image, float factor) {
  const double mean = static_cast<double>(sumOfLuma(image.pixels.get(), pixelsOf(image))) /
                      static_cast<double>(pixelsOf(image));
  blendWith(static_cast<int>(mean + 0.5), image.pixels.get(), image.size(), factor);
}

void adjustSaturation(Image& image, float factor) {
  std::array<uint8_t, pixelsAtOnce * Image::channels> grey;
  const size_t pixels = pixelsOf(image);
  for (size_t start = 0; start < pixels; start += pixelsAtOnce) {
    const size_t count = std::min(pixelsAtOnce, pixels - start);
    uint8_t* rgb = image.pixels.get() + start * Image::channels;
    repeatLuma(rgb, count, grey.data());
    blend(grey.data(), rgb, count * Image::channels, factor);
  }
}

}  // namespace lt
