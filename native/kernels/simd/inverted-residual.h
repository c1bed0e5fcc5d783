// An inverted residual block, band by band.
#pragma once
#include "kernels/simd/depthwise.h"
#include "kernels/simd/im2col.h"

namespace lt::kernels {

// One thread's work on a block.
template <class S>
class BlockWorker {
 public:
  inline BlockWorker(const InvertedResidual& job, float* memory)
      : job_(job),
        bands_(job),
        expanded_(memory),
        inner_(memory + (job.widens() ? bands_.expandedRows * job.images.width * bands_.channels : 0)),
        patches_(memory + bands_.scratchFloats - (job.first ? job.first->patchFloats() : 0)) {}

  // Computes rows of the output, counted through all images.
  inline void compute(int64_t first, int64_t end) {
    while (first < end) {
      const int64_t row = first % job_.height;
      int64_t rows = job_.height - row;
      if (rows > bands_.rows) rows = bands_.rows;
      if (rows > end - first) rows = end - first;
      computeBand({first / job_.height, row, row + rows});
      first += rows;
    }
  }

 private:
  struct Band {
    int64_t image, first, end;  // rows of the output
  };

  inline void computeBand(const Band& band) {
    const int channels = job_.depthwise.channels;
    for (int c = 0; c < channels; c += bands_.channels) {
      const Extent pass{c, c + bands_.channels < channels ? c + bands_.channels : channels};
      if (job_.widens()) expand(band, pass);
      convolveEach(band, pass);
      if (job_.project) project(band, pass);
    }
  }

  inline int64_t firstInput(int64_t row) const { return row * job_.depthwise.stride - job_.depthwise.top; }

  // Expands the input's rows that the band needs and that the one before has not left.
  inline void expand(const Band& band, const Extent& pass) {
    int64_t row = firstInput(band.first), end = firstInput(band.end - 1) + job_.depthwise.kernel;
    if (row < 0) row = 0;
    if (end > job_.images.height) end = job_.images.height;
    if (isOnePass() && band.image == image_ && row < expandedEnd_ && band.first == bandEnd_)
      row = expandedEnd_;
    while (row < end) {
      const int64_t slot = row % bands_.expandedRows;
      int64_t rows = bands_.expandedRows - slot;
      if (rows > end - row) rows = end - row;
      expandRows(band.image * job_.images.height + row, rows, slot, pass);
      row += rows;
    }
    image_ = band.image;
    expandedEnd_ = end;
    bandEnd_ = band.end;
  }

  // Computes rows, counted through all images, into the memory from a slot on.
  inline void expandRows(int64_t row, int64_t rows, int64_t slot, const Extent& pass) const {
    const int64_t width = job_.images.width, stride = bands_.channels;
    float* out = expanded_ + slot * width * stride;
    if (job_.first) {
      for (int64_t end = row + rows; row < end; row++, out += width * stride)
        Im2colRow<S>(*job_.first, row, {out, stride, pass}, patches_).compute();
      return;
    }
    const auto& [inputs, outputs, weights, bias, range, threes] = *job_.expand;
    pointwise<S>(*job_.expand,
                 {job_.input + row * width * inputs, inputs, {}, nullptr, out, stride, bias, range},
                 rows * width, {0, inputs}, pass);
  }

  inline void convolveEach(const Band& band, const Extent& pass) const {
    const auto& [channels, kernel, stride, top, left, weights, bias, range] = job_.depthwise;
    const int64_t inStride = job_.widens() ? bands_.channels : channels,
                  outStride = job_.project ? bands_.channels : job_.outputStride;
    DepthwiseRow row;
    row.width = job_.images.width;
    row.stride = inStride;
    row.outWidth = job_.width;
    row.outStride = outStride;
    row.weights = weights + static_cast<int64_t>(pass.first) * kernel * kernel;
    row.bias = bias + pass.first;
    row.channels = pass.end - pass.first;
    row.left = left;
    row.range = range;
    for (int64_t y = band.first; y < band.end; y++) {
      for (int k = 0; k < kernel; k++) row.rows[k] = rowAt(band.image, firstInput(y) + k);
      row.out = job_.project ? inner_ + (y - band.first) * job_.width * outStride
                             : job_.output + (band.image * job_.height + y) * job_.width * outStride;
      depthwise<S>(row, kernel, stride);
    }
  }

  // A row of the depthwise convolution's input; null outside of the image.
  inline const float* rowAt(int64_t image, int64_t row) const {
    if (row < 0 || row >= job_.images.height) return nullptr;
    if (job_.widens()) return expanded_ + row % bands_.expandedRows * job_.images.width * bands_.channels;
    return job_.input + (image * job_.images.height + row) * job_.images.width * job_.depthwise.channels;
  }

  inline void project(const Band& band, const Extent& pass) const {
    const auto& [inputs, outputs, weights, bias, range, threes] = *job_.project;
    const int64_t pixel = (band.image * job_.height + band.first) * job_.width;
    const bool isLast = pass.end == inputs;
    const float* shortcut = isLast && job_.shortcut ? job_.shortcut + pixel * job_.outputStride : nullptr;
    pointwise<S>(*job_.project,
                 {inner_,
                  bands_.channels,
                  {},
                  shortcut,
                  job_.output + pixel * job_.outputStride,
                  job_.outputStride,
                  pass.first == 0 ? bias : nullptr,
                  isLast ? range : Range()},
                 (band.end - band.first) * job_.width, pass, {0, outputs});
  }

  inline bool isOnePass() const { return bands_.channels == job_.depthwise.channels; }

  const InvertedResidual& job_;
  const Bands bands_;
  float *const expanded_, *const inner_, *const patches_;
  int64_t image_ = -1, expandedEnd_ = 0, bandEnd_ = 0;
};

template <class S>
void invertedResidual(const InvertedResidual& job, Chunk chunk, float* memory) {
  const int64_t rows = job.images.count * job.height;
  BlockWorker<S>(job, memory)
      .compute(rows * chunk.index / chunk.count, rows * (chunk.index + 1) / chunk.count);
}

}  // namespace lt::kernels
