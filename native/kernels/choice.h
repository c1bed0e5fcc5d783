// Which convolutions our own kernels compute, and which libtorch's do.
#pragma once
#include <ATen/core/Tensor.h>

#include "kernels/winograd.h"

namespace lt::kernels {

// The kernels for a 3x3 convolution with stride 1 and padding 1 of these tensors; null where libtorch computes it.
const Kernels* choose(const at::Tensor& input, const at::Tensor& weight);

enum class Use {
  Libtorch,  // never ours
  Own,       // ours where they are faster
  Always,    // ours wherever they can: for tests and measurements
};

// Holds for the whole process.
void setUse(Use use);
Use use();

}  // namespace lt::kernels
