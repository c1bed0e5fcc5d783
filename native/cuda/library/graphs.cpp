// CUDA graphs by libtorch's CUDAGraph: it gives a recording memory of its own, which lives as long as the
// graph, and moves the generator on at every replay, so that dropout draws what it would have drawn step by
// step.
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include "cuda/library/parts.h"

namespace lt::cuda {
namespace {

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

}  // namespace

void useOwnStream(int device) {
  const auto index = static_cast<c10::DeviceIndex>(device);
  c10::cuda::set_device(index);
  c10::cuda::device_synchronize();  // what the default stream was given before is there
  c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, index));
}

std::shared_ptr<Graph> makeGraph() { return std::make_shared<Recording>(); }

}  // namespace lt::cuda
