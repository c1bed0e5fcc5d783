// Epilogues: what happens to a convolution's outputs on their way into the images. An epilogue gives a lane
// for a vector of channels; lane.write(value, offset) takes one pixel of it, and lane.end() follows the last
// pixel of a tile.
#pragma once
#include "kernels/winograd.h"

namespace lt::kernels {

// Stores the values as they are.
template <class S>
struct Store {
  float* images;

  struct Lane {
    float* images;
    inline void write(typename S::Vec value, int64_t offset) { S::store(images + offset, value); }
    inline void end() {}
  };
  inline Lane lane(int) { return {images}; }
  inline void endBlock(int64_t) {}
};

// Stores scale·value + shift, plus the shortcut if one is Added, and at least `minimum`: 0 for a ReLU,
// otherwise −∞.
template <class S, bool Added>
struct StoreNormalized {
  float* images;
  const float *scale, *shift, *shortcut;
  float minimum;

  struct Lane {
    float* images;
    const float* shortcut;
    typename S::Vec scale, shift, minimum;
    inline void write(typename S::Vec value, int64_t offset) {
      value = S::plus(scale, value, shift);
      if (Added) value = value + S::load(shortcut + offset);
      S::store(images + offset, S::max(minimum, value));
    }
    inline void end() {}
  };
  inline Lane lane(int c) {
    return {images, shortcut, S::load(scale + c), S::load(shift + c), S::fill(minimum)};
  }
  inline void endBlock(int64_t) {}
};

// Two sums for each channel: single precision within a block of tiles, double across blocks.
template <class S>
class Sums {
 public:
  using Vec = typename S::Vec;

  struct Lane {
    float *first, *second;
    Vec sum, product;
    inline void add(Vec value, Vec factor) {
      sum = sum + value;
      product = S::plus(value, factor, product);
    }
    inline void end() {
      S::store(first, sum);
      S::store(second, product);
    }
  };

  inline Sums(double* total, float* block, int channels) : total_(total), block_(block), channels_(channels) {
    for (int i = 0; i < 2 * channels; i++) total_[i] = block_[i] = 0;
  }
  inline Lane lane(int channel) {
    float *const first = block_ + channel, *const second = first + channels_;
    return {first, second, S::load(first), S::load(second)};
  }
  inline void endBlock(int64_t) {
    for (int i = 0; i < 2 * channels_; i++) {
      total_[i] += block_[i];
      block_[i] = 0;
    }
  }

 private:
  double* total_;
  float* block_;
  int channels_;
};

// The sum and the sum of squares of each channel's values. In single precision, and so within a block, those
// of their distances from a pilot, a value near the mean: a variance is the difference of the two sums, which
// would cancel where the mean is far from 0. Across blocks, in double precision, those of the values
// themselves. The pilot is the first value, and then the mean of all blocks before. Chan, Golub and LeVeque,
// "Algorithms for computing the sample variance", 1983.
template <class S>
class Moments {
 public:
  using Vec = typename S::Vec;

  struct Lane {
    typename Sums<S>::Lane sums;
    Vec pilot;
    inline void add(Vec value) {
      value = value - pilot;
      sums.add(value, value);
    }
    inline void end() { sums.end(); }
  };

  // `memory` has 3 · channels floats.
  inline Moments(double* total, float* memory, int channels)
      : total_(total),
        block_(memory),
        pilot_(memory + 2 * channels),
        channels_(channels),
        sums_(total, memory, channels) {}

  inline bool hasPilot() const { return hasPilot_; }
  inline void setPilot(const float* values) {
    for (int c = 0; c < channels_; c++) pilot_[c] = values[c];
    hasPilot_ = true;
  }
  inline Lane lane(int channel) { return {sums_.lane(channel), S::load(pilot_ + channel)}; }
  inline void endBlock(int64_t values) {
    const auto n = static_cast<double>(values);
    count_ += n;
    const double share = 1 / count_;
    for (int c = 0; c < channels_; c++) {
      const double pilot = pilot_[c], sum = block_[c], squares = block_[channels_ + c];
      total_[c] += sum + n * pilot;
      total_[channels_ + c] += squares + pilot * (2 * sum + n * pilot);
      block_[c] = block_[channels_ + c] = 0;
      pilot_[c] = static_cast<float>(total_[c] * share);
    }
  }

 private:
  double* total_;
  float *block_, *pilot_;
  int channels_;
  double count_ = 0;
  bool hasPilot_ = false;
  Sums<S> sums_;
};

// Stores the values, and adds up their moments.
template <class S>
struct StoreMoments {
  float* images;
  Moments<S> moments;

  struct Lane {
    float* images;
    typename Moments<S>::Lane moments;
    inline void write(typename S::Vec value, int64_t offset) {
      moments.add(value);
      S::store(images + offset, value);
    }
    inline void end() { moments.end(); }
  };
  inline Lane lane(int channel) { return {images, moments.lane(channel)}; }
  inline void endBlock(int64_t values) { moments.endBlock(values); }
};

// Adds the shortcut's gradient.
template <class S>
struct StoreAdded {
  float* images;
  const float* shortcut;

  struct Lane {
    float* images;
    const float* shortcut;
    inline void write(typename S::Vec value, int64_t offset) {
      S::store(images + offset, value + S::load(shortcut + offset));
    }
    inline void end() {}
  };
  inline Lane lane(int) { return {images, shortcut}; }
  inline void endBlock(int64_t) {}
};

// Adds the shortcut's gradient, passes back through the ReLU whose output is `input`, and adds up the sums
// for the batch norm before it.
template <class S>
struct StoreAddedSums {
  float* images;
  const float *shortcut, *input, *normalized, *mean;
  Sums<S> sums;

  struct Lane {
    float* images;
    const float *shortcut, *input, *normalized;
    typename S::Vec mean;
    typename Sums<S>::Lane sums;
    inline void write(typename S::Vec value, int64_t offset) {
      value = S::where(S::load(input + offset), value + S::load(shortcut + offset));
      sums.add(value, S::load(normalized + offset) - mean);
      S::store(images + offset, value);
    }
    inline void end() { sums.end(); }
  };
  inline Lane lane(int channel) {
    return {images, shortcut, input, normalized, S::load(mean + channel), sums.lane(channel)};
  }
  inline void endBlock(int64_t values) { sums.endBlock(values); }
};

// Passes back through the ReLU of relu(scale·normalized + shift), and adds up the sums for that batch norm.
template <class S>
struct StoreMaskedSums {
  float* images;
  const float *normalized, *scale, *shift, *mean;
  Sums<S> sums;

  struct Lane {
    float* images;
    const float* normalized;
    typename S::Vec scale, shift, mean;
    typename Sums<S>::Lane sums;
    inline void write(typename S::Vec value, int64_t offset) {
      const auto x = S::load(normalized + offset);
      value = S::where(S::plus(scale, x, shift), value);
      sums.add(value, x - mean);
      S::store(images + offset, value);
    }
    inline void end() { sums.end(); }
  };
  inline Lane lane(int c) {
    return {images, normalized, S::load(scale + c), S::load(shift + c), S::load(mean + c), sums.lane(c)};
  }
  inline void endBlock(int64_t values) { sums.endBlock(values); }
};

}  // namespace lt::kernels
