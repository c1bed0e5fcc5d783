// What the optional CUDA library offers to the addon, without a type of CUDA's in it.
#pragma once
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>

namespace lt::cuda {

struct Library {
  virtual ~Library() = default;
  // A rank of a group on this process's current GPU.
  virtual c10::intrusive_ptr<c10d::Backend> nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size, std::chrono::milliseconds timeout) const = 0;
};

}  // namespace lt::cuda

extern "C" __attribute__((visibility("default"))) const lt::cuda::Library* longtail_cuda_library();
