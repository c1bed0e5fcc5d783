// What our own kernels compute, and what libtorch's do.
#pragma once
#include <ATen/core/Tensor.h>

#include "kernels/winograd.h"

namespace lt::kernels {

// The kernels for a 3x3 convolution with stride 1 and padding 1 of these tensors; null where libtorch
// computes it.
const Kernels* choose(const at::Tensor& input, const at::Tensor& weight);

// The kernels for batch norm and ReLU of these images in training; null where libtorch does.
const Kernels* chooseForPixels(const at::Tensor& input);

// Whether it is float32 on the CPU, outside of autocast, and our kernels are in use at all.
bool isPlainFloat(const at::Tensor& tensor);

enum class Use {
  Libtorch,  // never ours
  Own,       // ours where they are faster
  Always,    // ours wherever they can: for tests and measurements
};

// Holds for the whole process.
void setUse(Use use);
Use use();

}  // namespace lt::kernels
