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
  inline void endBlock() {}
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
  inline void endBlock() {}
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
  inline void endBlock() {
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

// Stores the values, and adds up their sum and their sum of squares.
template <class S>
struct StoreSums {
  float* images;
  Sums<S> sums;

  struct Lane {
    float* images;
    typename Sums<S>::Lane sums;
    inline void write(typename S::Vec value, int64_t offset) {
      sums.add(value, value);
      S::store(images + offset, value);
    }
    inline void end() { sums.end(); }
  };
  inline Lane lane(int channel) { return {images, sums.lane(channel)}; }
  inline void endBlock() { sums.endBlock(); }
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
  inline void endBlock() {}
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
  inline void endBlock() { sums.endBlock(); }
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
  inline void endBlock() { sums.endBlock(); }
};

}  // namespace lt::kernels
