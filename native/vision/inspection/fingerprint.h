// What an image looks like, in few bytes: to find others that look the same.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "vision/image/image.h"

namespace lt {

struct Fingerprint {
  // 64 bits, of which near images differ in few. Of the luma at 32 x 32 the discrete cosine transform; a bit
  // for each of the 8 x 8 lowest frequencies but the constant ones, set where the coefficient is above their
  // median: half of them are, so that distances are even. Zauner, Implementation and Benchmarking of
  // Perceptual Image Hash Functions, 2010.
  uint64_t hash = 0;
  uint64_t mirrored = 0;               // the hash of the image's mirror image
  float contrast = 0;                  // standard deviation of that luma; near 0 the hash means nothing
  std::array<uint8_t, 192> colours{};  // mean colours of 8 x 8 tiles, [8, 8, 3]
};

Fingerprint fingerprintOf(const Image& image);

// A hash of bytes that tells different ones apart; no protection against someone who wants two to be alike.
uint64_t hashOf(std::span<const uint8_t> bytes, uint64_t seed = 0);

}  // namespace lt
