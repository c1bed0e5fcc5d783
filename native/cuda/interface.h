// The interface of the optional CUDA library to the addon, without a type of CUDA's in it.
#pragma once
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <memory>

namespace lt::cuda {

// A recording of the work that a stream was given between begin() and end(), which replay() gives to it again
// in one call. Between the two nothing is computed, and nothing may wait for the GPU.
struct Graph {
  virtual ~Graph() = default;
  virtual void begin() = 0;
  virtual void end() = 0;
  virtual void replay() = 0;
};

struct Library {
  virtual ~Library() = default;
  // Makes a rank of a group on this process's current GPU.
  virtual c10::intrusive_ptr<c10d::Backend> nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank,
                                                 int size, std::chrono::milliseconds timeout) const = 0;
  // Sends whatever this thread does on the GPU from here on to a stream of its own: the default one cannot be
  // recorded.
  virtual void useOwnStream(int device) const = 0;
  virtual std::shared_ptr<Graph> graph() const = 0;
};

}  // namespace lt::cuda

extern "C" __attribute__((visibility("default"))) const lt::cuda::Library* longtail_cuda_library();
