#include "vision/transforms/operations/adjustments.h"

#include <algorithm>
#include <array>

#include "vision/image/simd.h"
#include "vision/transforms/operations/luma.h"
#include "vision/transforms/operations/spare.h"

namespace lt::vision {
namespace {

constexpr size_t kPixelsAtOnce = 1024;  // gray levels that are held at a time

size_t pixelsOf(const Image& image) { return image.size() / Image::kChannels; }

// plain + factor · (value − plain), clipped and rounded down: Pillow's Image.blend.
uint8_t moved(int plain, int value, float factor) {
  const float exact = static_cast<float>(plain) + factor * static_cast<float>(value - plain);
  return static_cast<uint8_t>(std::clamp(static_cast<int>(exact), 0, 255));
}

LT_AVX2_TOO void blend(const uint8_t* plain, uint8_t* values, size_t count, float factor) {
  for (size_t i = 0; i < count; i++) values[i] = moved(plain[i], values[i], factor);
}

// Blends every byte with the same plain value.
LT_AVX2_TOO void blendWith(int plain, uint8_t* values, size_t count, float factor) {
  for (size_t i = 0; i < count; i++) values[i] = moved(plain, values[i], factor);
}

// Rows are `size` bytes; the middle one's first and last pixel are left out.
LT_AVX2_TOO void smoothRow(const uint8_t* above, const uint8_t* middle, const uint8_t* below, size_t size,
                           uint8_t* to) {
  for (size_t x = 3; x + 3 < size; x++) {
    const auto sum =
        static_cast<uint16_t>(above[x - 3] + above[x] + above[x + 3] + middle[x - 3] + 5 * middle[x] +
                              middle[x + 3] + below[x - 3] + below[x] + below[x + 3]);
    to[x] = static_cast<uint8_t>(static_cast<uint16_t>(2 * sum + 13) / 26);
  }
}

// Pillow's SMOOTH: a kernel of 3 x 3 ones with 5 in its middle, over 13, rounded. The border stays as it is.
void smooth(const Image& image, Image& result) {
  std::memcpy(result.pixels.get(), image.pixels.get(), image.size());
  for (int y = 1; y < image.height - 1; y++) {
    smoothRow(image.row(y - 1), image.row(y), image.row(y + 1), image.rowSize(), result.row(y));
  }
}

}  // namespace

void grayscale(Image& image) { repeatLuma(image.pixels.get(), pixelsOf(image), image.pixels.get()); }

void adjustBrightness(Image& image, float factor) { blendWith(0, image.pixels.get(), image.size(), factor); }

void adjustContrast(Image& image, float factor) {
  const double mean = static_cast<double>(sumOfLuma(image.pixels.get(), pixelsOf(image))) /
                      static_cast<double>(pixelsOf(image));
  blendWith(static_cast<int>(mean + 0.5), image.pixels.get(), image.size(), factor);
}

void adjustSaturation(Image& image, float factor) {
  std::array<uint8_t, kPixelsAtOnce * Image::kChannels> gray;
  const size_t pixels = pixelsOf(image);
  for (size_t start = 0; start < pixels; start += kPixelsAtOnce) {
    const size_t count = std::min(kPixelsAtOnce, pixels - start);
    uint8_t* rgb = image.pixels.get() + start * Image::kChannels;
    repeatLuma(rgb, count, gray.data());
    blend(gray.data(), rgb, count * Image::kChannels, factor);
  }
}

void adjustSharpness(Image& image, float factor) {
  Image& smoothed = spareLike(image);
  smooth(image, smoothed);
  blend(smoothed.pixels.get(), image.pixels.get(), image.size(), factor);
}

}  // namespace lt::vision
