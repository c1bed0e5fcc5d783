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

// A share of the work, which is cut by strips. How it is cut depends on the images and the number of threads
// alone, whichever thread does which chunk: the same chunks in every run give the same sums.
struct Chunk {
  int64_t index, count;
};

// How a convolution's weights [outputs][inputs][3][3] lie in memory, in elements.
struct WeightStrides {
  int64_t output, input, row, column;
};

struct Channels {
  int inputs, outputs;
};

// The job of transforming weights for a convolution with the given channels. For the data gradient, `rotated`
// swaps the roles: inputs are then the channels of the gradient, and outputs those of the layer's input.
struct WeightTransform {
  Channels channels;
  const float* weights;
  WeightStrides strides;
  bool rotated;
  float* transformed;  // transformedSize(channels) floats
};

struct Convolution {
  Images images;
  Channels channels;
  const float* input;
  const float* transformed;  // weights
  float* output;
  // The prologue: batch norm and ReLU of the inputs as they are read, relu(scale·x + shift); null leaves the
  // inputs as they are.
  const float* scale = nullptr;
  const float* shift = nullptr;
  // The chunk's sum and sum of squares of each output, [2][outputs], for the batch norm that follows; null:
  // not gathered.
  double* sums = nullptr;
  // The epilogue: batch norm in evaluation, a shortcut that is added and a ReLU, of the outputs as they are
  // written; null leaves the outputs as they are.
  const float* outputScale = nullptr;
  const float* outputShift = nullptr;
  const float* shortcut = nullptr;  // null: none
  bool relu = false;
};

// The job of computing dg for one chunk: the sum over the chunk's tiles, still transformed,
// [36][inputs][outputs].
struct WeightGradient {
  Images images;
  Channels channels;
  const float* input;
  const float* gradient;  // of the output
  float* sum;             // transformedSize(channels) floats, overwritten
};

// The gradient of a batch norm's input, which is the output of the convolution before it: a·gradient +
// b·output + c by channel. NormGradients in batch-norm.h computes the coefficients.
struct NormGradient {
  const float* gradient;
  const float* output;
  const float *a, *b, *c;
};

// The job of computing both gradients of a convolution between batch norms: of its weights, still
// transformed, and of its input. Its input is either relu(scale·x + shift) of what lies in `input`, and the
// gradient goes on to that batch norm's output; or a block's input as it is, and the gradient has the block's
// shortcut added.
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
  // The batch norm that the gradient reaches next, of `normalized` with `mean` by channel. `sums` receives
  // the sums of the gradient and of gradient·(normalized − mean), [2][inputs]; the gradient has then passed
  // back through the ReLU before.
  const float* normalized = nullptr;
  const float* mean = nullptr;
  double* sums = nullptr;
};

// The pixels of some images, for passes that treat each by itself. Their sums are those of a chunk,
// [2][channels].
struct Pixels {
  int64_t count;
  int channels;
};

// The maximum number of channels for passes that gather sums.
inline constexpr int kMaxNormChannels = 2048;

// The sum and the sum of squares.
struct SumPixels {
  Pixels pixels;
  const float* values;
  double* sums;
};

// output = relu(scale·values + shift + shortcut).
struct NormalizePixels {
  Pixels pixels;
  const float *values, *scale, *shift;
  const float* shortcut;  // null: none
  float* output;
};

// The gradient where the ReLU's output is not 0, and the sums of it and of it·(normalized − mean).
struct MaskPixels {
  Pixels pixels;
  const float *gradient, *output, *normalized, *mean;
  float* masked;
  double* sums;
};

// output = the gradient of a batch norm's input.
struct NormGradientPixels {
  Pixels pixels;
  NormGradient gradient;
  float* output;
};

// The job of adding up the chunks' sums and transforming the total back, into weights that are laid out as
// `strides` says.
struct WeightGradientEnd {
  Channels channels;
  const float* sums;  // one after the other
  int64_t count;
  float* weights;
  WeightStrides strides;
};

inline int64_t transformedSize(const Channels& channels) {
  return static_cast<int64_t>(kPlanes) * channels.inputs * channels.outputs;
}

struct Im2colConvolution;  // inverted-residual.h
struct PointwiseImages;    // there too
struct InvertedResidual;   // and there

// The kernels of one instruction set. A call does one chunk of the work on the calling thread. `scratch`
// holds scratchFloats(…) floats, aligned to 64 bytes, that no other thread uses.
struct Kernels {
  const char* name;
  int width;  // floats of a vector: channels must be multiples of it
  void (*transformWeights)(const WeightTransform&, Chunk);
  void (*convolve)(const Convolution&, Chunk, float* scratch);
  void (*sumWeightGradient)(const WeightGradient&, Chunk, float* scratch);
  void (*endWeightGradient)(const WeightGradientEnd&, Chunk);
  void (*backward)(const Backward&, Chunk, float* scratch);
  void (*sumPixels)(const SumPixels&, Chunk);
  void (*normalizePixels)(const NormalizePixels&, Chunk);
  void (*maskPixels)(const MaskPixels&, Chunk);
  void (*normGradientPixels)(const NormGradientPixels&, Chunk);
  void (*im2col)(const Im2colConvolution&, Chunk, float* scratch);
  void (*pointwise)(const PointwiseImages&, Chunk);
  void (*invertedResidual)(const InvertedResidual&, Chunk, float* scratch);
};

size_t scratchFloats(const Images& images, const Channels& channels);

// Returns the fastest kernels that this processor runs and that take these channels; null where there are
// none.
const Kernels* kernelsFor(const Channels& channels);

extern const Kernels kAvx2;
extern const Kernels kAvx512;

}  // namespace lt::kernels
