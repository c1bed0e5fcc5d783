// The optional library: what needs CUDA's headers. Built where the engine has CUDA, by
// scripts/build-cuda.mjs.
#include "cuda/library/parts.h"

namespace lt::cuda {
namespace {

struct Parts : Library {
  c10::intrusive_ptr<c10d::Backend> nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                         std::chrono::milliseconds timeout) const override {
    return makeNccl(store, rank, size, timeout);
  }
  void useOwnStream(int device) const override { cuda::useOwnStream(device); }
  std::shared_ptr<Graph> graph() const override { return makeGraph(); }
};

}  // namespace
}  // namespace lt::cuda

const lt::cuda::Library* longtail_cuda_library() {
  static const lt::cuda::Parts parts;
  return &parts;
}
