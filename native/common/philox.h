// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011). The value at a position depends on key and counter only, never on how many numbers others drew,
// so that any step of a training can be rebuilt and any number of threads sees the same stream.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>

namespace lt {

class Philox {
 public:
  // `key` is the seed; a, b and c name the stream, for example epoch, image and view. Word 0 of the counter
  // counts blocks.
  explicit Philox(uint64_t key, uint32_t a = 0, uint32_t b = 0, uint32_t c = 0)
      : key_{static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)}, counter_{0, a, b, c} {}

  // Moves to the position-th 32-bit number of the stream.
  void seek(uint64_t position) {
    counter_[0] = static_cast<uint32_t>(position / 4);
    used_ = 4;
    for (uint64_t i = 0; i < position % 4; i++) next();
  }

  uint32_t next() {
    if (used_ == 4) {
      block_ = block(counter_, key_);
      counter_[0]++;
      used_ = 0;
    }
    return block_[used_++];
  }

  // Draws uniformly from [0, 1) with 24 bits: exact in float32.
  double uniform() { return (next() >> 8) * (1.0 / 16777216.0); }

  // Draws uniformly from 0 … n - 1 without bias (Lemire, "Fast random integer generation in an interval",
  // 2019). n > 0.
  uint32_t below(uint32_t n) {
    uint64_t product = static_cast<uint64_t>(next()) * n;
    uint32_t low = static_cast<uint32_t>(product);
    if (low < n) {
      const uint32_t threshold = (0u - n) % n;
      while (low < threshold) {
        product = static_cast<uint64_t>(next()) * n;
        low = static_cast<uint32_t>(product);
      }
    }
    return static_cast<uint32_t>(product >> 32);
  }

  // Draws a standard normal value by Box and Muller's transform; uses two numbers for each value.
  double normal() {
    const double u = 1.0 - uniform(), v = uniform();
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
  }

  static std::array<uint32_t, 4> block(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
    for (int round = 0; round < 10; round++) {
      const uint64_t p0 = 0xD2511F53ull * c[0], p1 = 0xCD9E8D57ull * c[2];
      c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
           static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
      k[0] += 0x9E3779B9u;
      k[1] += 0xBB67AE85u;
    }
    return c;
  }

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  uint32_t used_ = 4;
};

}  // namespace lt
