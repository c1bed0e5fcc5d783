#include "vision/inspection/fingerprint.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "vision/image/resample.h"

namespace lt::vision {
namespace {

constexpr int kSide = 32, kFrequencies = 8, kTiles = 8;
using Plane = std::array<double, kSide * kSide>;

// [vertical, horizontal], from frequency 1 on.
using Spectrum = std::array<double, kFrequencies * kFrequencies>;

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
const std::array<std::array<double, kSide>, kFrequencies>& cosines() {
  static const auto table = [] {
    std::array<std::array<double, kSide>, kFrequencies> values;
    for (int k = 0; k < kFrequencies; k++)
      for (int x = 0; x < kSide; x++)
        values[k][x] = std::cos(std::numbers::pi * (k + 1) * (2 * x + 1) / (2 * kSide));
    return values;
  }();
  return table;
}

Spectrum spectrumOf(const Plane& luma) {
  const auto& table = cosines();
  std::array<double, kFrequencies * kSide> rows{};  // [horizontal frequency, y]
  for (int k = 0; k < kFrequencies; k++)
    for (int y = 0; y < kSide; y++)
      for (int x = 0; x < kSide; x++) rows[k * kSide + y] += table[k][x] * luma[y * kSide + x];
  Spectrum spectrum{};
  for (int v = 0; v < kFrequencies; v++)
    for (int h = 0; h < kFrequencies; h++)
      for (int y = 0; y < kSide; y++) spectrum[v * kFrequencies + h] += table[v][y] * rows[h * kSide + y];
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

// Mirroring flips the sign of the odd horizontal frequencies.
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

std::array<uint8_t, kTiles * kTiles * 3> colorsOf(const Image& image) {
  constexpr int kTile = kSide / kTiles, kPixels = kTile * kTile;
  std::array<int, kTiles * kTiles * 3> sums{};
  for (int y = 0; y < kSide; y++)
    for (int x = 0; x < kSide * 3; x++)
      sums[(y / kTile * kTiles + x / 3 / kTile) * 3 + x % 3] += image.row(y)[x];
  std::array<uint8_t, kTiles * kTiles * 3> means;
  std::transform(sums.begin(), sums.end(), means.begin(),
                 [](int sum) { return static_cast<uint8_t>((sum + kPixels / 2) / kPixels); });
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
  const Image small = resample(image, kSide, kSide);
  const Plane luma = lumaOf(small);
  const Spectrum spectrum = spectrumOf(luma);
  return {aboveMedian(spectrum), aboveMedian(mirrored(spectrum)), deviationOf(luma), colorsOf(small)};
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

}  // namespace lt::vision
