// Loops on libtorch's threads, and the properties of tensors that the kernels need.
#pragma once
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <vector>

#include "kernels/winograd.h"

namespace lt::kernels {

// Returns how many chunks the items are cut into: one per thread of libtorch, but no more than there are
// items.
inline int64_t chunkCount(int64_t items) {
  return std::min<int64_t>(items, at::in_parallel_region() ? 1 : at::get_num_threads());
}

// Calls work(chunk) for every chunk of the items.
template <class Work>
void parallelFor(int64_t items, const Work& work) {
  const int64_t chunks = chunkCount(items);
  at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) work(Chunk{index, chunks});
  });
}

// Two sums for each channel from each chunk, added up in the order of the chunks.
class ChunkSums {
 public:
  ChunkSums(int64_t items, int channels)
      : chunks_(chunkCount(items)), size_(2 * channels), values_(chunks_ * size_) {}

  double* of(Chunk chunk) { return values_.data() + chunk.index * size_; }

  // [2][channels]
  std::vector<double> total() const {
    std::vector<double> result(size_);
    for (int64_t i = 0; i < chunks_ * size_; i++) result[i % size_] += values_[i];
    return result;
  }

 private:
  int64_t chunks_, size_;
  std::vector<double> values_;
};

inline Images imagesOf(const at::Tensor& tensor) { return {tensor.size(0), tensor.size(2), tensor.size(3)}; }

inline Channels channelsOf(const at::Tensor& weight) {
  return {static_cast<int>(weight.size(1)), static_cast<int>(weight.size(0))};
}

inline Pixels pixelsOf(const at::Tensor& tensor) {
  return {tensor.size(0) * tensor.size(2) * tensor.size(3), static_cast<int>(tensor.size(1))};
}

inline WeightStrides stridesOf(const at::Tensor& weight) {
  return {weight.stride(0), weight.stride(1), weight.stride(2), weight.stride(3)};
}

inline at::Tensor emptyImages(const at::Tensor& like, int64_t channels) {
  return at::empty({like.size(0), channels, like.size(2), like.size(3)},
                   like.options().memory_format(at::MemoryFormat::ChannelsLast));
}

inline const float* data(const at::Tensor& tensor) { return tensor.const_data_ptr<float>(); }

}  // namespace lt::kernels
