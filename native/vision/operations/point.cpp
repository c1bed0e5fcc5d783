#include "vision/operations/point.h"

#include <algorithm>
#include <cmath>

namespace lt {
namespace {

// Each byte on its own: the loops below compile to vector instructions.
template <class Change>
void eachByte(Image& image, Change change) {
  uint8_t* bytes = image.pixels.get();
  const size_t size = image.size();
  for (size_t i = 0; i < size; i++) bytes[i] = change(bytes[i]);
}

// A channel's table from its histogram, for all three channels.
template <class MakeTable>
void eachChannel(Image& image, MakeTable makeTable) {
  std::array<std::array<uint32_t, 256>, Image::channels> histograms{};
  uint8_t* const begin = image.pixels.get();
  uint8_t* const end = begin + image.size();
  for (const uint8_t* pixel = begin; pixel < end; pixel += Image::channels) {
    for (int c = 0; c < Image::channels; c++) histograms[c][pixel[c]]++;
  }
  std::array<Table, Image::channels> tables;
  for (int c = 0; c < Image::channels; c++) tables[c] = makeTable(histograms[c]);
  for (uint8_t* pixel = begin; pixel < end; pixel += Image::channels) {
    for (int c = 0; c < Image::channels; c++) pixel[c] = tables[c][pixel[c]];
  }
}

Table identity() {
  Table table;
  for (int value = 0; value < 256; value++) table[value] = static_cast<uint8_t>(value);
  return table;
}

using Histogram = std::array<uint32_t, 256>;

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

// Each of the 255 steps should hold as many pixels, those of the brightest value apart.
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

void applyTable(Image& image, const Table& table) {
  eachByte(image, [&](uint8_t value) { return table[value]; });
}

void invert(Image& image) {
  eachByte(image, [](uint8_t value) { return static_cast<uint8_t>(255 - value); });
}

void posterize(Image& image, int bits) {
  const auto mask = static_cast<uint8_t>(0xff00 >> std::clamp(bits, 0, 8));
  eachByte(image, [mask](uint8_t value) { return static_cast<uint8_t>(value & mask); });
}

void solarize(Image& image, double threshold) {
  const auto first = static_cast<int>(std::ceil(std::clamp(threshold, 0.0, 256.0)));
  eachByte(image, [first](uint8_t value) { return static_cast<uint8_t>(value < first ? value : 255 - value); });
}

void solarizeAdd(Image& image, int addend) {
  const int bounded = std::clamp(addend, -255, 255);
  eachByte(image, [bounded](uint8_t value) {
    return static_cast<uint8_t>(value < 128 ? std::clamp(value + bounded, 0, 255) : value);
  });
}

void autoContrast(Image& image) { eachChannel(image, stretched); }

void equalize(Image& image) { eachChannel(image, flattened); }

}  // namespace lt
