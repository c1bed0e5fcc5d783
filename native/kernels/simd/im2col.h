// Convolutions of images with few channels, as products of what lies under the kernel and packed weights.
#pragma once
#include "kernels/simd/pointwise.h"

namespace lt::kernels {

// From the first to before the last.
struct Columns {
  int64_t first, end;
};

// Lays out what lies under one row of the kernel for such outputs of a row. `row` is of the input; null
// outside of the image.
inline void layOut(const Im2colConvolution& job, const float* row, Columns columns, float* to) {
  for (int64_t x = columns.first; x < columns.end; x++, to += job.convolution.inputs)
    for (int64_t k = 0, column = x * job.stride - job.left; k < job.kernel; k++, column++)
      for (int64_t c = 0; c < job.channels; c++) {
        const bool isInside = row && column >= 0 && column < job.images.width;
        to[k * job.channels + c] = isInside ? row[column * job.channels + c] : 0;
      }
}

// The outputs of a row whose kernel lies inside of the image, where its rows do.
inline Columns insideColumns(const Im2colConvolution& job) {
  const int64_t last = job.images.width - job.kernel + job.left;
  const int64_t first = job.left > 0 ? (job.left + job.stride - 1) / job.stride : 0;
  const int64_t end = last < 0 ? 0 : last / job.stride + 1;
  return {first < job.width ? first : job.width, end < job.width ? end : job.width};
}

// Where such outputs of a row go.
struct RowOutputs {
  float* out;
  int64_t stride;  // from pixel to pixel
  Extent extent;
};

// A row of the output, counted through all images. Where the kernel lies inside of the image, the values are
// read where they are.
template <class S>
class Im2colRow {
 public:
  inline Im2colRow(const Im2colConvolution& job, int64_t y, const RowOutputs& to, float* patches)
      : job_(job),
        to_(to),
        patches_(patches),
        image_(job.input + y / job.height * job.images.height * rowFloats()),
        first_(y % job.height * job.stride - job.top) {}

  inline void compute() const {
    const Columns inside = insideColumns(job_);
    if (first_ < 0 || first_ + job_.kernel > job_.images.height || inside.first >= inside.end)
      return computeLaidOut({0, job_.width});
    computeLaidOut({0, inside.first});
    const int64_t column = inside.first * job_.stride - job_.left;
    const float* in = image_ + first_ * rowFloats() + column * job_.channels;
    computePixels<true>({in, job_.stride * job_.channels, {job_.kernel, rowFloats()}}, inside);
    computeLaidOut({inside.end, job_.width});
  }

 private:
  inline int64_t rowFloats() const { return job_.images.width * job_.channels; }

  inline void computeLaidOut(Columns columns) const {
    for (int64_t k = 0; k < job_.kernel; k++) {
      const int64_t row = first_ + k;
      const bool isInside = row >= 0 && row < job_.images.height;
      layOut(job_, isInside ? image_ + row * rowFloats() : nullptr, columns,
             patches_ + k * job_.kernel * job_.channels);
    }
    computePixels<false>({patches_, job_.convolution.inputs}, columns);
  }

  template <bool InRuns>
  inline void computePixels(PixelRows pixels, Columns columns) const {
    pixels.out = to_.out + columns.first * to_.stride;
    pixels.outStride = to_.stride;
    pixels.bias = job_.convolution.bias;
    pixels.range = job_.convolution.range;
    pointwise<S, InRuns>(job_.convolution, pixels, columns.end - columns.first, {0, job_.convolution.inputs},
                         to_.extent);
  }

  const Im2colConvolution& job_;
  const RowOutputs to_;
  float* const patches_;
  const float* const image_;
  const int64_t first_;  // row of the image under the kernel's first one
};

template <class S>
void im2colConvolution(const Im2colConvolution& job, Chunk chunk, float* patches) {
  const int outputs = job.convolution.outputs;
  const int64_t rows = job.images.count * job.height, end = rows * (chunk.index + 1) / chunk.count;
  for (int64_t y = rows * chunk.index / chunk.count; y < end; y++)
    Im2colRow<S>(job, y, {job.output + y * job.width * outputs, outputs, {0, outputs}}, patches).compute();
}

}  // namespace lt::kernels
