#include "vision/loader/buffer-pool.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace lt::vision {

at::Tensor BufferPool::take(at::IntArrayRef sizes, at::ScalarType type, at::MemoryFormat format) {
  const auto options = at::TensorOptions().dtype(type).memory_format(format);
  if (pinned_) return at::empty(sizes, options.pinned_memory(true));
  std::lock_guard<std::mutex> lock(mutex_);
  const auto isFree = [](const at::Tensor& tensor) {
    return tensor.use_count() == 1 && tensor.storage().use_count() == 1;
  };
  const auto fits = [&](const at::Tensor& tensor) {
    return tensor.sizes() == sizes && tensor.scalar_type() == type && tensor.is_contiguous(format);
  };
  // The one that was used last is the likeliest to be in the processor's cache; the others give way.
  for (auto known = known_.rbegin(); known != known_.rend(); ++known) {
    if (!fits(*known) || !isFree(*known)) continue;
    std::rotate(known_.rbegin(), known, known + 1);
    return known_.back().detach();
  }
  const auto oldest = known_.size() < capacity_ ? known_.end() : std::ranges::find_if(known_, isFree);
  if (oldest != known_.end()) known_.erase(oldest);
  auto made = at::empty(sizes, options);
  if (known_.size() < capacity_) known_.push_back(made);
  return made.detach();
}

at::Tensor takeNormalized(at::IntArrayRef sizes, bool interleaved) {
  static BufferPool buffers(8);
  return buffers.take(sizes, at::kFloat,
                      interleaved ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

}  // namespace lt::vision
