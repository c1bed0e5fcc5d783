// What the optional CUDA library offers to the addon, without a type of CUDA's in it.
#pragma once
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <memory>

namespace lt::cuda {

// What a stream was given to do between begin() and end(), to be given to it again in one call. Between the
// two nothing is computed, and nothing may wait for the GPU.
struct Graph {
  virtual ~Graph() = default;
  virtual void begin() = 0;
  virtual void end() = 0;
  virtual void replay() = 0;
};

struct Library {
  virtual ~Library() = default;
  // A rank of a group on this process's current GPU.
  virtual c10::intrusive_ptr<c10d::Backend> nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank,
                                                 int size, std::chrono::milliseconds timeout) const = 0;
  // Whatever this thread does on the GPU from here on goes to a stream of its own: the default one cannot be
  // recorded.
  virtual void useOwnStream(int device) const = 0;
  virtual std::shared_ptr<Graph> graph() const = 0;
};

}  // namespace lt::cuda

extern "C" __attribute__((visibility("default"))) const lt::cuda::Library* longtail_cuda_library();
