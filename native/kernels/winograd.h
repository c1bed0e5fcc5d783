// Winograd's F(4x4, 3x3) for convolutions with stride 1 and padding 1: outputs come in tiles of 4x4, each
// from a window of 6x6 inputs, with 36 multiplications a pair of channels where the direct way takes 144.
// Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016. Plain C++: no libtorch in
// here.
//
//   forward   Y = A'[ sum over inputs  (G g G') * (B' d B) ] A      per tile; * is element by element
//   data      the same with the gradient for d, and the weights rotated by 180 degrees and transposed
//   weights   dg = G'[ sum over tiles  (B' d B) * (A dY A') ] G
//
// All images are channels_last: [images][height][width][channels]. Everything is float32; channels are
// multiples of 8.
#pragma once
#include <cstddef>
#include <cstdint>

namespace lt::kernels {

inline constexpr int kTile = 4;     // outputs of a tile, each way
inline constexpr int kWindow = 6;   // inputs that a tile needs, each way
inline constexpr int kPlanes = 36;  // elements of a transformed window
// Tiles that go through the matrix products together. 32 with 64 channels keep both operands of a product,
// and a block's transformed tiles, in a core's caches.
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

// How images are cut into strips: a row of tiles is one strip, or several where it is longer than a block.
// Strips are numbered downward within an image, so that one shares two of its six rows of pixels with the
// next.
struct Strips {
  explicit Strips(const Images& images);
  Strip at(int64_t index) const;

  int64_t count;
  int64_t rows, columns, segments;  // of an image, in tiles; strips side by side
  int longest;                      // tiles of the longest strip
};

// The work is cut into as many parts as there are threads, by strips: the same parts in every run, and so the
// same sums.
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

// Of the weights, for a convolution with the given channels. To get those of the data gradient, `rotated`
// swaps the roles: inputs are then the channels of the gradient, outputs those of the layer's input.
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
  // Batch norm and ReLU of the inputs as they are read, relu(scale·x + shift); null: as they are.
  const float* scale = nullptr;
  const float* shift = nullptr;
  // [2][outputs]: the part's sum and sum of squares of each output, for the batch norm that follows; null:
  // not gathered.
  double* sums = nullptr;
  // Batch norm in evaluation, a shortcut that is added and a ReLU, of the outputs as they are written; null:
  // as they are.
  const float* outputScale = nullptr;
  const float* outputShift = nullptr;
  const float* shortcut = nullptr;  // null: none
  bool relu = false;
};

// dg of one part: the sum over the part's tiles, still transformed; [36][inputs][outputs].
struct WeightGradient {
  Images images;
  Channels channels;
  const float* input;
  const float* gradient;  // of the output
  float* sum;             // transformedWeights(channels) floats, overwritten
};

// Batch norm's gradient on the way to the convolution before it, by channel: a·gradient + b·output + c, where
// `output` is the convolution's. See coefficients in batch-norm.h.
struct NormGradient {
  const float* gradient;
  const float* output;
  const float *a, *b, *c;
};

// Both gradients of a convolution between batch norms: of its weights, still transformed, and of its input.
// Its input is either relu(scale·x + shift) of what lies in `input`, and the gradient goes on to that batch
// norm's output; or a block's input as it is, and the gradient has the block's shortcut added.
struct Backward {
  Images images;
  Channels channels;  // the layer's
  NormGradient gradient;
  const float* input;
  const float* scale = nullptr;
  const float* shift = nullptr;
  const float* transformed;  // weights, rotated
  float* weightSum;          // as WeightGradient::sum
  float* inputGradient;
  const float* shortcut = nullptr;  // its gradient, added
  // The batch norm that the gradient comes to next, of `normalized` with `mean` by channel: the sums of the
  // gradient and of gradient·(normalized − mean), [2][inputs]. The gradient has then passed the ReLU before.
  const float* normalized = nullptr;
  const float* mean = nullptr;
  double* sums = nullptr;
};

// Passes over single pixels of images with some channels. The sums are a part's, [2][channels].
struct Pixels {
  int64_t count;
  int channels;
};

// Passes that gather sums take no more channels.
inline constexpr int kMostNormChannels = 2048;

struct SumPixels {  // sum and sum of squares
  Pixels pixels;
  const float* values;
  double* sums;
};

struct NormalizePixels {  // relu(scale·values + shift + shortcut)
  Pixels pixels;
  const float *values, *scale, *shift;
  const float* shortcut;  // null: none
  float* output;
};

struct MaskPixels {  // gradient where the ReLU's output is not 0, and the sums of it and of it·(normalized −
                     // mean)
  Pixels pixels;
  const float *gradient, *output, *normalized, *mean;
  float* masked;
  double* sums;
};

struct NormGradientPixels {
  Pixels pixels;
  NormGradient gradient;
  float* output;
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
  void (*backward)(const Backward&, Part, float* scratch);
  void (*sumPixels)(const SumPixels&, Part);
  void (*normalizePixels)(const NormalizePixels&, Part);
  void (*maskPixels)(const MaskPixels&, Part);
  void (*normGradientPixels)(const NormGradientPixels&, Part);
};

size_t scratchFloats(const Images& images, const Channels& channels);

// The fastest ones that this processor runs and that take these channels; null where there are none.
const Kernels* kernelsFor(const Channels& channels);

extern const Kernels kAvx2;
extern const Kernels kAvx512;

}  // namespace lt::kernels
