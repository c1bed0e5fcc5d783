// Loops on libtorch's threads, and the properties of tensors that the kernels need.
#pragma once
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include "kernels/winograd.h"

namespace lt::kernels {

// How many chunks of about equal size items are cut into. Threads take the next chunk whenever they have done
// one, so that a thread on a busy or smaller core takes fewer. Where there are several threads, a chunk has
// at least `smallest` items, beside which its own costs are small, unless that leaves a thread without a
// chunk.
struct Chunks {
  explicit Chunks(int64_t items, int64_t smallest = std::numeric_limits<int64_t>::max())
      : count(std::min(items, wanted(items, smallest))) {}

  const int64_t count;

 private:
  static int64_t wanted(int64_t items, int64_t smallest) {
    constexpr int64_t kMost = 16;  // for each thread
    const int64_t threads = at::in_parallel_region() ? 1 : at::get_num_threads();
    return threads == 1 ? 1 : std::clamp(items / smallest, threads, kMost * threads);
  }
};

// Calls work(chunk) for every chunk.
template <class Work>
void parallelFor(const Chunks& chunks, const Work& work) {
  std::atomic<int64_t> next{0};
  const int64_t takers = std::min<int64_t>(chunks.count, at::get_num_threads());
  at::parallel_for(0, takers, 1, [&](int64_t, int64_t) {
    for (int64_t index; (index = next++) < chunks.count;) work(Chunk{index, chunks.count});
  });
}

// Two sums for each channel from each chunk, added up in the order of the chunks.
class ChunkSums {
 public:
  ChunkSums(const Chunks& chunks, int channels)
      : chunks_(chunks.count), size_(2 * channels), values_(chunks_ * size_) {}

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

inline at::Tensor emptyImages(const at::Tensor& like, int64_t channels, int64_t height, int64_t width) {
  return at::empty({like.size(0), channels, height, width},
                   like.options().memory_format(at::MemoryFormat::ChannelsLast));
}

inline at::Tensor emptyImages(const at::Tensor& like, int64_t channels) {
  return emptyImages(like, channels, like.size(2), like.size(3));
}

inline const float* data(const at::Tensor& tensor) { return tensor.const_data_ptr<float>(); }

}  // namespace lt::kernels
