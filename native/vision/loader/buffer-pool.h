// A pool of batches' memory, which is used again and again.
#pragma once
#include <ATen/core/Tensor.h>

#include <mutex>
#include <vector>

namespace lt::vision {

// Fresh memory for every batch would cost a page fault per 4 KiB. And a freed block of which the heap gave a
// little to others no longer fits the next batch: the memory of a loader of 224-pixel images grew from 0.3
// to 1.8 GB. Any thread.
class BufferPool {
 public:
  // Keeps up to `capacity` tensors. Pinned memory, from which a GPU fetches on its own, is kept by libtorch
  // instead: its allocator knows which copies still read what nobody holds any more.
  explicit BufferPool(size_t capacity, bool pinned = false) : capacity_(capacity), pinned_(pinned) {}

  // Returns dense memory of this size and format that nobody else holds, with whatever was in it.
  at::Tensor take(at::IntArrayRef sizes, at::ScalarType type, at::MemoryFormat format);

 private:
  const size_t capacity_;
  const bool pinned_;
  std::mutex mutex_;
  std::vector<at::Tensor> known_;
};

// Returns memory for a batch of normalized images, float32 [N, 3, S, S], from a pool of all loaders: a
// prediction opens one for each batch.
at::Tensor takeNormalized(at::IntArrayRef sizes, bool interleaved);

}  // namespace lt::vision
