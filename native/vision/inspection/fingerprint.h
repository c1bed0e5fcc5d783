// Fingerprints: what an image looks like in few bytes, to find others that look the same.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "vision/image/image.h"

namespace lt::vision {

struct Fingerprint {
  // 64 bits, few of which differ between similar images: the discrete cosine transform of the luma at 32 x
  // 32, with one bit for each of the 8 x 8 lowest frequencies except the constant ones, set where the
  // coefficient is above their median. Half of the bits are set, so that distances are even. Zauner,
  // Implementation and Benchmarking of Perceptual Image Hash Functions, 2010.
  uint64_t hash = 0;
  uint64_t mirrored = 0;              // the hash of the image's mirror image
  float contrast = 0;                 // standard deviation of that luma; near 0 the hash means nothing
  std::array<uint8_t, 192> colors{};  // mean colors of 8 x 8 tiles, [8, 8, 3]
};

Fingerprint fingerprintOf(const Image& image);

// Hashes bytes to tell different ones apart; it does not protect against someone who constructs a collision.
uint64_t hashOf(std::span<const uint8_t> bytes, uint64_t seed = 0);

}  // namespace lt::vision
