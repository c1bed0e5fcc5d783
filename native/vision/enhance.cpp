#include "vision/enhance.h"

#include <algorithm>
#include <array>

#include "vision/simd.h"

namespace lt {
namespace {

constexpr size_t pixelsAtOnce = 256;  // grey levels that are held at a time

uint8_t moved(int plain, int value, float factor) {
  const float exact = static_cast<float>(plain) + factor * static_cast<float>(value - plain);
  return static_cast<uint8_t>(std::clamp(static_cast<int>(exact), 0, 255));
}

// The same plain value for every byte.
LT_AVX2_TOO void blendWith(int plain, uint8_t* values, size_t count, float factor) {
  for (size_t i = 0; i < count; i++) values[i] = moved(plain, values[i], factor);
}

// Rounded half up, of grey levels.
int meanLuma(const Image& image) {
  std::array<uint8_t, pixelsAtOnce> grey;
  uint64_t sum = 0;
  const size_t pixels = image.size() / Image::channels;
  for (size_t start = 0; start < pixels; start += pixelsAtOnce) {
    const size_t count = std::min(pixelsAtOnce, pixels - start);
    luma(image.pixels.get() + start * Image::channels, count, grey.data());
    for (size_t i = 0; i < count; i++) sum += grey[i];
  }
  return static_cast<int>(static_cast<double>(sum) / static_cast<double>(pixels) + 0.5);
}

void repeat(const uint8_t* grey, size_t pixels, uint8_t* rgb) {
  for (size_t i = 0; i < pixels; i++) rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = grey[i];
}

// Calls back with the image's bytes, some pixels at a time, and each channel's grey level beside it.
template <class Use>
void withGrey(Image& image, Use use) {
  std::array<uint8_t, pixelsAtOnce> grey;
  std::array<uint8_t, pixelsAtOnce * Image::channels> repeated;
  const size_t pixels = image.size() / Image::channels;
  for (size_t start = 0; start < pixels; start += pixelsAtOnce) {
    const size_t count = std::min(pixelsAtOnce, pixels - start);
    uint8_t* rgb = image.pixels.get() + start * Image::channels;
    luma(rgb, count, grey.data());
    repeat(grey.data(), count, repeated.data());
    use(repeated.data(), rgb, count * Image::channels);
  }
}

}  // namespace

LT_AVX2_TOO void blend(const uint8_t* plain, uint8_t* values, size_t count, float factor) {
  for (size_t i = 0; i < count; i++) values[i] = moved(plain[i], values[i], factor);
}

LT_AVX2_TOO void luma(const uint8_t* rgb, size_t pixels, uint8_t* grey) {
  for (size_t i = 0; i < pixels; i++) {
    const uint8_t* pixel = rgb + 3 * i;
    grey[i] = static_cast<uint8_t>((19595 * pixel[0] + 38470 * pixel[1] + 7471 * pixel[2] + 0x8000) >> 16);
  }
}

void grayscale(Image& image) {
  withGrey(image, [](const uint8_t* grey, uint8_t* rgb, size_t count) { std::memcpy(rgb, grey, count); });
}

void adjustBrightness(Image& image, float factor) { blendWith(0, image.pixels.get(), image.size(), factor); }

void adjustContrast(Image& image, float factor) { blendWith(meanLuma(image), image.pixels.get(), image.size(), factor); }

void adjustSaturation(Image& image, float factor) {
  withGrey(image, [=](const uint8_t* grey, uint8_t* rgb, size_t count) { blend(grey, rgb, count, factor); });
}

}  // namespace lt
