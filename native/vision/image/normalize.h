// Normalization of bytes to floats: (x / 255 − mean) / std for each channel, as scale · x + shift.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace lt::vision {

struct Normalization {
  std::array<float, 3> scale;  // 1 / (255 · std)
  std::array<float, 3> shift;  // −mean / std
};

// Converts pixels of three interleaved bytes to as many of three interleaved floats.
void normalizeInterleaved(const uint8_t* from, size_t pixels, const Normalization& normalization, float* to);

// Converts pixels of three interleaved bytes to three planes of floats, one after the other.
void normalizeToPlanes(const uint8_t* from, size_t pixels, const Normalization& normalization, float* to);

// The one or the other.
struct Normalizer {
  Normalization normalization;
  bool interleaved;

  void operator()(const uint8_t* from, size_t pixels, float* to) const {
    (interleaved ? normalizeInterleaved : normalizeToPlanes)(from, pixels, normalization, to);
  }
};

}  // namespace lt::vision
