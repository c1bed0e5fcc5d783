// A thread's working memory: two blocks of transformed tiles, six rows of padded pixels, and the transform's half-way
// results.
#pragma once
#include "kernels/winograd.h"

namespace lt::kernels {

struct Scratch {
  // The planes of a block lie a little apart, so that the 36 values of a window do not fall into the same cache set.
  static int64_t planeStride(int channels) { return static_cast<int64_t>(kBlockTiles) * channels + 16; }
  static int64_t rowFloats(const Strips& strips, int channels) { return static_cast<int64_t>(kTile * strips.longest + 2) * channels; }

  // For images cut like this, with at most so many channels.
  static size_t floats(const Strips& strips, int channels) {
    return 2 * kPlanes * planeStride(channels) + kWindow * rowFloats(strips, channels) + halfWayFloats(strips);
  }

  Scratch(float* memory, const Strips& strips, int channels)
      : first(memory), second(first + kPlanes * planeStride(channels)), rows(second + kPlanes * planeStride(channels)),
        halfWay(rows + kWindow * rowFloats(strips, channels)) {}

  float* first;
  float* second;
  float* rows;
  float* halfWay;

 private:
  static constexpr int kLargestVector = 16;
  static int64_t halfWayFloats(const Strips& strips) { return static_cast<int64_t>(kTile * strips.longest + 2) * kWindow * kLargestVector; }
};

}  // namespace lt::kernels
