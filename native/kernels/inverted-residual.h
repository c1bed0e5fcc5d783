// Convolutions of networks for phones, without gradients: of the few channels of a photograph (im2col), 1x1
// (pointwise), of each channel by itself (depthwise), and the latter two around each other as an inverted
// residual block: more channels (1x1), depthwise, fewer channels (1x1). A block is computed in bands of rows,
// so that what lies between its convolutions, the largest images of such a network, stays in a core's caches.
// Sandler et al., "MobileNetV2", CVPR 2018. Plain C++: no libtorch in here.
//
// All images are channels_last, float32. An output's sum has the same order wherever its pixel lies, and
// however the work is cut: the same bits in any batch and with any number of threads.
#pragma once
#include <cstdint>

#include "kernels/winograd.h"

namespace lt::kernels {

// What an activation limits its values to.
struct Range {
  float minimum = -__builtin_inff(), maximum = __builtin_inff();
};

// Whether a panel of three vectors takes the place of one of two and one of one. Not where outputs are
// computed by parts: a part would end inside.
enum class Threes { Never, AtTheEnd };

// A 1x1 convolution. Its weights lie in panels of two vectors of outputs, [panel][inputs][panel's outputs];
// the last panel has one or three where that is enough, and zeros beyond the last output.
struct Pointwise {
  int inputs, outputs;
  const float* weights;  // pointwiseFloats(…)
  const float* bias;     // of whole vectors
  Range range;
  Threes threes;
};

// A convolution of each channel by itself. Its weights are [vector of channels][row][column][channel].
struct Depthwise {
  int channels;   // a multiple of the vectors' width
  int kernel;     // 3 or 5
  int stride;     // 1 or 2
  int top, left;  // zeros before the images; behind them are as many as the outputs' size takes
  const float* weights;
  const float* bias;
  Range range;
};

// output = pointwise(input) + shortcut, limited to the range.
struct PointwiseImages {
  Pointwise convolution;
  int64_t pixels;
  const float* input;
  const float* shortcut;  // null: none
  float* output;
  int64_t outputStride;  // from pixel to pixel, of the shortcut too
};

// A convolution of images with few channels, as a 1x1 convolution of the values under the kernel; these are
// laid out side by side (im2col) where the kernel reaches beyond the image.
struct Im2colConvolution {
  Pointwise convolution;  // its inputs are [row][column][channel] of the kernel
  int channels, kernel, stride;
  int top, left;          // zeros before the images
  Images images;          // of the input
  int64_t height, width;  // of the output
  const float* input;
  float* output;  // null: a block takes the rows one by one

  int64_t patchFloats() const { return width * convolution.inputs; }  // of a row
};

// output = project(depthwise(expand(input))) + shortcut, or with another convolution in place of expand.
struct InvertedResidual {
  const Pointwise* expand;         // null: the input has the channels already, or `first` gives them
  const Im2colConvolution* first;  // of the network; null: none
  Depthwise depthwise;
  const Pointwise* project;  // null: what is depthwise comes out
  Images images;             // that are convolved depthwise
  int64_t height, width;     // of the output
  const float* input;        // of expand or, without it, of the depthwise convolution
  const float* shortcut;     // null: none
  float* output;
  int64_t outputStride;  // from pixel to pixel, of the shortcut too

  bool widens() const { return expand || first; }
};

// How a block is cut: into bands of rows of the output, or, where one band is a whole image, by the channels
// inside too.
struct Bands {
  explicit Bands(const InvertedResidual& job);

  int64_t rows;          // of a band
  int64_t expandedRows;  // that a band needs
  int channels;          // inside, of a pass
  size_t scratchFloats;  // of a thread
};

// Vectors of the next panel, for so many outputs that are left.
inline int panelVectors(int outputs, int width, Threes threes) {
  if (outputs <= width) return 1;
  return threes == Threes::AtTheEnd && outputs > 2 * width && outputs <= 3 * width ? 3 : 2;
}

inline int64_t pointwiseFloats(int inputs, int outputs, int width) {
  return static_cast<int64_t>(inputs) * ((outputs + width - 1) / width * width);
}

// Lays out weights [outputs][inputs] of a pointwise convolution, each output's times its scale.
struct PointwiseWeights {
  const float *values, *scale;
  int inputs, outputs;
};
void packPointwise(const PointwiseWeights& weights, Threes threes, int width, float* to);

// Weights [channels][rows][columns] without the first rows and columns that `skip` says.
struct DepthwiseWeights {
  const float* values;
  int rows, columns, skippedRows, skippedColumns;
};
void packDepthwise(const DepthwiseWeights& weights, const float* scale, int channels, int width, float* to);

}  // namespace lt::kernels
