// The optional library's topics, joined in library.cpp.
#pragma once
#include "cuda/interface.h"

namespace lt::cuda {

c10::intrusive_ptr<c10d::Backend> makeNccl(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
                                           std::chrono::milliseconds timeout);
void useOwnStream(int device);
std::shared_ptr<Graph> makeGraph();

}  // namespace lt::cuda
