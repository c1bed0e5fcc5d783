// The 3x3 convolution with stride 1 and padding 1 on tensors. Images are channels_last.
#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "kernels/batch-norm.h"
#include "kernels/winograd.h"

namespace lt::kernels {

// x [N, Cin, H, W] and weight [Cout, Cin, 3, 3] → [N, Cout, H, W]
at::Tensor forward(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight);

// The gradient with respect to the input, from the output's.
at::Tensor inputGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& weight);

// The gradient with respect to the weight, laid out as it.
at::Tensor weightGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& input,
                          const at::Tensor& weight);

// The output, and its sums and sums of squares by channel, [2][Cout]. Given batch norm's scale and shift, the
// input is relu(scale·input + shift).
struct Summed {
  at::Tensor output;
  std::vector<double> sums;
};
Summed forwardSummed(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight,
                     const float* scale, const float* shift);

// norm(convolution) + shortcut, through a ReLU where one is asked for; an undefined shortcut is none.
at::Tensor forwardNormalized(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight,
                             const FoldedNorm& norm, const at::Tensor& shortcut, bool relu);

// Both gradients as `job` describes them. It comes without weights, places for results and sums; `summed`: it
// asks for the sums.
struct Gradients {
  at::Tensor input, weight;
  std::vector<double> sums;
};
Gradients backward(const Kernels& kernels, Backward job, const at::Tensor& input, const at::Tensor& weight,
                   bool summed);

}  // namespace lt::kernels
