// Plain jobs on libtorch's threads, and what they need to know of tensors.
#pragma once
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <vector>

#include "kernels/winograd.h"

namespace lt::kernels {

// As many as libtorch has threads, where there is that much work.
inline int64_t partsOf(int64_t most) {
  return std::min<int64_t>(most, at::in_parallel_region() ? 1 : at::get_num_threads());
}

template <class Work>
void inParts(int64_t most, const Work& work) {
  const int64_t parts = partsOf(most);
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) work(Part{index, parts});
  });
}

// Two sums for each channel from each part, added up in the parts' order.
class PartSums {
 public:
  PartSums(int64_t most, int channels)
      : parts_(partsOf(most)), size_(2 * channels), values_(parts_ * size_) {}

  double* of(Part part) { return values_.data() + part.index * size_; }

  // [2][channels]
  std::vector<double> total() const {
    std::vector<double> result(size_);
    for (int64_t i = 0; i < parts_ * size_; i++) result[i % size_] += values_[i];
    return result;
  }

 private:
  int64_t parts_, size_;
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
