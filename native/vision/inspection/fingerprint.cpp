#include "vision/inspection/fingerprint.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "vision/image/resample.h"

namespace lt {
namespace {

constexpr int side = 32, frequencies = 8, tiles = 8;
using Plane = std::array<double, side * side>;
using Spectrum =
    std::array<double, frequencies * frequencies>;  // [vertical, horizontal], from frequency 1 on

// Rec. 601, as in Pillow's convert("L").
Plane lumaOf(const Image& image) {
  Plane luma;
  const uint8_t* pixel = image.pixels.get();
  for (auto& value : luma) {
    value = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
    pixel += 3;
  }
  return luma;
}

// cos(π k (2 x + 1) / 64) for k = 1 … 8
const std::array<std::array<double, side>, frequencies>& cosines() {
  static const auto table = [] {
    std::array<std::array<double, side>, frequencies> values;
    for (int k = 0; k < frequencies; k++)
      for (int x = 0; x < side; x++)
        values[k][x] = std::cos(std::numbers::pi * (k + 1) * (2 * x + 1) / (2 * side));
    return values;
  }();
  return table;
}

Spectrum spectrumOf(const Plane& luma) {
  const auto& table = cosines();
  std::array<double, frequencies * side> rows{};  // [horizontal frequency, y]
  for (int k = 0; k < frequencies; k++)
    for (int y = 0; y < side; y++)
      for (int x = 0; x < side; x++) rows[k * side + y] += table[k][x] * luma[y * side + x];
  Spectrum spectrum{};
  for (int v = 0; v < frequencies; v++)
    for (int h = 0; h < frequencies; h++)
      for (int y = 0; y < side; y++) spectrum[v * frequencies + h] += table[v][y] * rows[h * side + y];
  return spectrum;
}

uint64_t aboveMedian(const Spectrum& spectrum) {
  Spectrum sorted = spectrum;
  const auto middle = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double median = (*middle + *std::max_element(sorted.begin(), middle)) / 2;
  uint64_t bits = 0;
  for (const double value : spectrum) bits = bits << 1 | (value > median);
  return bits;
}

// A mirror turns the sign of the odd horizontal frequencies.
Spectrum mirrored(Spectrum spectrum) {
  for (size_t i = 0; i < spectrum.size(); i += 2) spectrum[i] = -spectrum[i];
  return spectrum;
}

float deviationOf(const Plane& luma) {
  double sum = 0, squares = 0;
  for (const double value : luma) {
    sum += value;
    squares += value * value;
  }
  const double mean = sum / luma.size();
  return static_cast<float>(std::sqrt(std::max(0.0, squares / luma.size() - mean * mean)));
}

std::array<uint8_t, tiles * tiles * 3> coloursOf(const Image& image) {
  constexpr int tile = side / tiles, pixels = tile * tile;
  std::array<int, tiles * tiles * 3> sums{};
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side * 3; x++) sums[(y / tile * tiles + x / 3 / tile) * 3 + x % 3] += image.row(y)[x];
  std::array<uint8_t, tiles * tiles * 3> means;
  std::transform(sums.begin(), sums.end(), means.begin(),
                 [](int sum) { return static_cast<uint8_t>((sum + pixels / 2) / pixels); });
  return means;
}

// The finalizer of MurmurHash3 (Appleby): every bit of the input changes every bit of the output with
// probability 1/2.
uint64_t mix(uint64_t h) {
  h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return h ^ h >> 33;
}

}  // namespace

Fingerprint fingerprintOf(const Image& image) {
  const Image small = resample(image, side, side);
  const Plane luma = lumaOf(small);
  const Spectrum spectrum = spectrumOf(luma);
  return {aboveMedian(spectrum), aboveMedian(mirrored(spectrum)), deviationOf(luma), coloursOf(small)};
}

uint64_t hashOf(std::span<const uint8_t> bytes, uint64_t seed) {
  uint64_t hash = mix(seed ^ bytes.size());
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    hash = mix(hash ^ word) + 0x9e3779b97f4a7c15ULL;
  }
  uint64_t rest = 0;
  std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  return mix(hash ^ rest);
}

}  // namespace lt
