// Scratch: a thread's working memory, which holds three blocks of transformed tiles, twice six rows of padded
// pixels, the intermediate results of the transform, and sums by channel.
#pragma once
#include "kernels/winograd.h"

namespace lt::kernels {

struct Scratch {
  // The planes of a block lie a little apart, so that the 36 values of a window do not fall into the same
  // cache set.
  static constexpr int64_t planeStride(int channels) {
    return static_cast<int64_t>(kBlockTiles) * channels + 16;
  }
  static int64_t rowFloats(const Strips& strips, int channels) {
    return static_cast<int64_t>(kTile * strips.longest + 2) * channels;
  }

  // Returns the number of floats for images cut into these strips, with at most so many channels.
  static size_t floats(const Strips& strips, int channels) {
    return 3 * kPlanes * planeStride(channels) + 2 * kWindow * rowFloats(strips, channels) +
           halfWayFloats(strips) + 3 * channels;
  }

  Scratch(float* memory, const Strips& strips, int channels)
      : windows(memory),
        products(windows + kPlanes * planeStride(channels)),
        tiles(products + kPlanes * planeStride(channels)),
        rows(tiles + kPlanes * planeStride(channels)),
        moreRows(rows + kWindow * rowFloats(strips, channels)),
        halfWay(moreRows + kWindow * rowFloats(strips, channels)),
        sums(halfWay + halfWayFloats(strips)) {}

  float* windows;   // transformed
  float* products;  // of windows and weights
  float* tiles;     // of gradients, transformed
  float* rows;
  float* moreRows;
  float* halfWay;
  float* sums;  // of a block, two for each channel, and a pilot

 private:
  static constexpr int kMaxVectorWidth = 16;
  static int64_t halfWayFloats(const Strips& strips) {
    return static_cast<int64_t>(kTile * strips.longest + 2) * kWindow * 2 * kMaxVectorWidth;
  }
};

}  // namespace lt::kernels
