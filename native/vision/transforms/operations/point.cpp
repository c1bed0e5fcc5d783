#include "vision/transforms/operations/adjustments.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "vision/image/simd.h"

namespace lt::vision {
namespace {

using Table = std::array<uint8_t, 256>;
using Histogram = std::array<uint32_t, 256>;

// In bytes throughout: wider numbers would halve the speed.
LT_AVX2_TOO void mask(uint8_t* bytes, size_t size, uint8_t bits) {
  for (size_t i = 0; i < size; i++) bytes[i] &= bits;
}

LT_AVX2_TOO void invertFrom(uint8_t* bytes, size_t size, uint8_t first) {
  for (size_t i = 0; i < size; i++) bytes[i] = bytes[i] < first ? bytes[i] : static_cast<uint8_t>(~bytes[i]);
}

LT_AVX2_TOO void addBelow128(uint8_t* bytes, size_t size, uint8_t more, uint8_t less) {
  for (size_t i = 0; i < size; i++) {
    uint8_t value = static_cast<uint8_t>(bytes[i] + more);
    if (value < more) value = 255;
    value = value < less ? 0 : static_cast<uint8_t>(value - less);
    bytes[i] = bytes[i] < 128 ? value : bytes[i];
  }
}

// Maps each of the three channels by a table that is made from its histogram.
template <class MakeTable>
void eachChannel(Image& image, MakeTable makeTable) {
  std::array<Histogram, Image::kChannels> histograms{};
  uint8_t* const begin = image.pixels.get();
  uint8_t* const end = begin + image.size();
  for (const uint8_t* pixel = begin; pixel < end; pixel += Image::kChannels) {
    for (int c = 0; c < Image::kChannels; c++) histograms[c][pixel[c]]++;
  }
  std::array<Table, Image::kChannels> tables;
  for (int c = 0; c < Image::kChannels; c++) tables[c] = makeTable(histograms[c]);
  for (uint8_t* pixel = begin; pixel < end; pixel += Image::kChannels) {
    for (int c = 0; c < Image::kChannels; c++) pixel[c] = tables[c][pixel[c]];
  }
}

Table identity() {
  Table table;
  for (int value = 0; value < 256; value++) table[value] = static_cast<uint8_t>(value);
  return table;
}

Table stretched(const Histogram& counts) {
  int low = 0, high = 255;
  while (low < 255 && counts[low] == 0) low++;
  while (high > 0 && counts[high] == 0) high--;
  if (high <= low) return identity();
  const double scale = 255.0 / (high - low), offset = -low * scale;
  Table table;
  for (int value = 0; value < 256; value++) {
    table[value] = static_cast<uint8_t>(std::clamp(static_cast<int>(value * scale + offset), 0, 255));
  }
  return table;
}

// Each of the 255 steps should hold equally many pixels, except for those of the brightest value.
Table flattened(const Histogram& counts) {
  uint32_t total = 0, brightest = 0;
  for (const uint32_t count : counts) {
    total += count;
    if (count > 0) brightest = count;
  }
  const uint32_t step = (total - brightest) / 255;
  if (step == 0) return identity();
  Table table;
  uint32_t below = step / 2;
  for (int value = 0; value < 256; value++) {
    table[value] = static_cast<uint8_t>(std::min(below / step, 255u));
    below += counts[value];
  }
  return table;
}

}  // namespace

void invert(Image& image) { invertFrom(image.pixels.get(), image.size(), 0); }

void posterize(Image& image, int bits) {
  mask(image.pixels.get(), image.size(), static_cast<uint8_t>(0xff00 >> std::clamp(bits, 0, 8)));
}

void solarize(Image& image, double threshold) {
  const double first = std::ceil(std::max(threshold, 0.0));
  if (first < 256) invertFrom(image.pixels.get(), image.size(), static_cast<uint8_t>(first));
}

void solarizeAdd(Image& image, int addend) {
  const auto bounded = [](int value) { return static_cast<uint8_t>(std::clamp(value, 0, 255)); };
  addBelow128(image.pixels.get(), image.size(), bounded(addend), bounded(-addend));
}

void autoContrast(Image& image) { eachChannel(image, stretched); }

void equalize(Image& image) { eachChannel(image, flattened); }

}  // namespace lt::vision
