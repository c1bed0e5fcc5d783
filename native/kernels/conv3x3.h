// The 3x3 convolution with stride 1 and padding 1 on tensors: tensors into plain jobs, and jobs onto threads.
#pragma once
#include <ATen/core/Tensor.h>

#include "kernels/winograd.h"

namespace lt::kernels {

// x [N, Cin, H, W] and weight [Cout, Cin, 3, 3] → [N, Cout, H, W]; images are channels_last.
at::Tensor forward(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight);

// The gradient with respect to the input, from the output's.
at::Tensor inputGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& weight);

// The gradient with respect to the weight, laid out as it.
at::Tensor weightGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight);

}  // namespace lt::kernels
