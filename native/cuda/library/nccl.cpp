// The optional library: what needs CUDA's headers. Built where the engine has CUDA; see scripts/build-native.mjs.
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "cuda/interface.h"

namespace {

struct Library : lt::cuda::Library {
  c10::intrusive_ptr<c10d::Backend> nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size, std::chrono::milliseconds timeout) const override {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
  }
};

}  // namespace

const lt::cuda::Library* longtail_cuda_library() {
  static const Library library;
  return &library;
}
