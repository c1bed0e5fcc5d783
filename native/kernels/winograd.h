// Winograd's F(4x4, 3x3) for convolutions with stride 1 and padding 1: outputs come in tiles of 4x4, each from a window
// of 6x6 inputs, with 36 multiplications a pair of channels where the direct way takes 144. Lavin and Gray, "Fast
// algorithms for convolutional neural networks", CVPR 2016. Plain C++: no libtorch in here.
//
//   forward   Y = A'[ sum over inputs  (G g G') * (B' d B) ] A      per tile; * is element by element
//   data      the same with the gradient for d, and the weights rotated by 180 degrees and transposed
//   weights   dg = G'[ sum over tiles  (B' d B) * (A dY A') ] G
//
// All images are channels_last: [images][height][width][channels]. Everything is float32; channels are multiples of 8.
#pragma once
#include <cstddef>
#include <cstdint>

namespace lt::kernels {

inline constexpr int kTile = 4;     // outputs of a tile, each way
inline constexpr int kWindow = 6;   // inputs that a tile needs, each way
inline constexpr int kPlanes = 36;  // elements of a transformed window
// Tiles that go through the matrix products together. 32 with 64 channels keep both operands of a product, and a
// block's transformed tiles, in a core's caches.
inline constexpr int kBlockTiles = 32;

struct Images {
  int64_t count, height, width;
};

// Consecutive tiles of one row of tiles of one image.
struct Strip {
  int64_t image;
  int64_t row;     // of the tiles
  int64_t column;  // first tile
  int tiles;
};

// How images are cut into strips: a row of tiles is one strip, or several where it is longer than a block. Strips are
// numbered downward within an image, so that one shares two of its six rows of pixels with the next.
struct Strips {
  explicit Strips(const Images& images);
  Strip at(int64_t index) const;

  int64_t count;
  int64_t rows, columns, segments;  // of an image, in tiles; strips side by side
  int longest;                      // tiles of the longest strip
};

// The work is cut into as many parts as there are threads, by strips: the same parts in every run, and so the same sums.
struct Part {
  int64_t index, of;
};

// How a convolution's weights [outputs][inputs][3][3] lie in memory, in elements.
struct WeightStrides {
  int64_t output, input, row, column;
};

struct Channels {
  int inputs, outputs;
};

// Of the weights, for a convolution with the given channels. To get those of the data gradient, `rotated` swaps
// the roles: inputs are then the channels of the gradient, outputs those of the layer's input.
struct WeightTransform {
  Channels channels;
  const float* weights;
  WeightStrides strides;
  bool rotated;
  float* transformed;  // transformedWeights(channels) floats
};

struct Convolution {
  Images images;
  Channels channels;
  const float* input;
  const float* transformed;  // weights
  float* output;
};

// dg of one part: the sum over the part's tiles, still transformed; [36][inputs][outputs].
struct WeightGradient {
  Images images;
  Channels channels;
  const float* input;
  const float* gradient;  // of the output
  float* sum;             // transformedWeights(channels) floats, overwritten
};

// The parts' sums, added and transformed back, into weights that lie as `strides` says.
struct WeightGradientEnd {
  Channels channels;
  const float* sums;  // one after the other
  int64_t count;
  float* weights;
  WeightStrides strides;
};

inline int64_t transformedWeights(const Channels& channels) {
  return static_cast<int64_t>(kPlanes) * channels.inputs * channels.outputs;
}

// The kernels of one instruction set. A call does one part of the work on the calling thread. `scratch` holds
// scratchFloats(…) floats that no other thread uses, aligned to 64 bytes.
struct Kernels {
  const char* name;
  int width;  // floats of a vector: channels must be multiples of it
  void (*transformWeights)(const WeightTransform&, Part);
  void (*convolve)(const Convolution&, Part, float* scratch);
  void (*sumWeightGradient)(const WeightGradient&, Part, float* scratch);
  void (*endWeightGradient)(const WeightGradientEnd&, Part);
};

size_t scratchFloats(const Images& images, const Channels& channels);

// The fastest ones that this processor runs and that take these channels; null where there are none.
const Kernels* kernelsFor(const Channels& channels);

extern const Kernels kAvx2;
extern const Kernels kAvx512;

}  // namespace lt::kernels
