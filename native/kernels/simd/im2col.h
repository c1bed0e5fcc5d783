// Convolutions of images with few channels, as products of what lies under the kernel and packed weights.
#pragma once
#include "kernels/simd/pointwise.h"

namespace lt::kernels {

// Copies `count` values; the last vector overlaps with the one before.
template <class S>
inline void copyValues(const float* from, int64_t count, float* to) {
  if (count < S::kWidth) {
    for (int64_t i = 0; i < count; i++) to[i] = from[i];
    return;
  }
  for (int64_t i = 0; i + S::kWidth < count; i += S::kWidth) S::store(to + i, S::load(from + i));
  S::store(to + count - S::kWidth, S::load(from + count - S::kWidth));
}

// Lays out what lies under one row of the kernel for all outputs of a row. `row` is of the input; null
// outside of the image.
template <class S>
inline void layOut(const Im2colConvolution& job, const float* row, float* to) {
  const int64_t count = static_cast<int64_t>(job.kernel) * job.channels;
  for (int64_t x = 0; x < job.width; x++, to += job.convolution.inputs) {
    const int64_t first = x * job.stride - job.left;
    if (row && first >= 0 && first + job.kernel <= job.images.width) {
      copyValues<S>(row + first * job.channels, count, to);
      continue;
    }
    for (int64_t k = 0; k < job.kernel; k++)
      for (int64_t c = 0; c < job.channels; c++) {
        const bool isInside = row && first + k >= 0 && first + k < job.images.width;
        to[k * job.channels + c] = isInside ? row[(first + k) * job.channels + c] : 0;
      }
  }
}

// Where such outputs of a row go.
struct RowOutputs {
  float* out;
  int64_t stride;  // from pixel to pixel
  Extent extent;
};

// Computes a row of the output, counted through all images.
template <class S>
inline void im2colRow(const Im2colConvolution& job, int64_t y, const RowOutputs& to, float* patches) {
  const auto& [inputs, outputs, weights, bias, range] = job.convolution;
  const int64_t image = y / job.height, first = y % job.height * job.stride - job.top;
  for (int64_t k = 0; k < job.kernel; k++) {
    const int64_t row = first + k;
    const bool isInside = row >= 0 && row < job.images.height;
    const int64_t pixel = (image * job.images.height + row) * job.images.width;
    layOut<S>(job, isInside ? job.input + pixel * job.channels : nullptr,
              patches + k * job.kernel * job.channels);
  }
  pointwise<S>(job.convolution, {patches, inputs, nullptr, to.out, to.stride, bias, range}, job.width,
               {0, inputs}, to.extent);
}

template <class S>
void im2colConvolution(const Im2colConvolution& job, Chunk chunk, float* patches) {
  const int outputs = job.convolution.outputs;
  const int64_t rows = job.images.count * job.height, end = rows * (chunk.index + 1) / chunk.count;
  for (int64_t y = rows * chunk.index / chunk.count; y < end; y++)
    im2colRow<S>(job, y, {job.output + y * job.width * outputs, outputs, {0, outputs}}, patches);
}

}  // namespace lt::kernels
