// The optional library, which holds what needs CUDA's headers: recorded work and NCCL. scripts/build-cuda.mjs
// builds it where the engine has CUDA.
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "cuda/interface.h"

namespace lt::cuda {
namespace {

// Records by libtorch's CUDAGraph: it gives a recording memory of its own, which lives as long as the graph,
// and advances the generator at every replay, so that dropout draws what it would have drawn step by step.
struct Recording : Graph {
  void begin() override {
    c10::cuda::device_synchronize();
    // Other threads go on allocating pinned memory for batches: only what this thread must not do is refused.
    graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  }
  void end() override { graph.capture_end(); }
  void replay() override { graph.replay(); }

  at::cuda::CUDAGraph graph;
};

struct CudaLibrary : Library {
  c10::intrusive_ptr<c10d::Backend> nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                         std::chrono::milliseconds timeout) const override {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
  }

  void useOwnStream(int device) const override {
    const auto index = static_cast<c10::DeviceIndex>(device);
    c10::cuda::set_device(index);
    c10::cuda::device_synchronize();  // the default stream finishes what it was given before
    c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, index));
  }

  std::shared_ptr<Graph> graph() const override { return std::make_shared<Recording>(); }
};

}  // namespace
}  // namespace lt::cuda

const lt::cuda::Library* longtail_cuda_library() {
  static const lt::cuda::CudaLibrary library;
  return &library;
}
