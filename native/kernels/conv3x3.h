// The 3x3 convolution with stride 1 and padding 1 on tensors. Images are channels_last.
#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "kernels/batch-norm.h"
#include "kernels/winograd.h"

namespace lt::kernels {

// Convolves x [N, Cin, H, W] with weight [Cout, Cin, 3, 3] → [N, Cout, H, W].
at::Tensor forward(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight);

// Returns the gradient with respect to the input, given that of the output.
at::Tensor inputGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& weight);

// Returns the gradient with respect to the weight, laid out like the weight.
at::Tensor weightGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& input,
                          const at::Tensor& weight);

// The output, and its sums and sums of squares by channel, [2][Cout]. Where batch norm's scale and shift are
// given, the convolution's input is relu(scale·input + shift).
struct OutputSums {
  at::Tensor output;
  std::vector<double> sums;
};
OutputSums forwardSummed(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight,
                         const float* scale, const float* shift);

// Computes norm(convolution) + shortcut, followed by a ReLU if `relu`; an undefined shortcut means that there
// is none.
at::Tensor forwardNormalized(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight,
                             const FoldedNorm& norm, const at::Tensor& shortcut, bool relu);

// Computes both gradients as `job` describes them. The caller leaves out its weights, results and sums, which
// this function fills in; `summed` asks for the sums.
struct Gradients {
  at::Tensor input, weight;
  std::vector<double> sums;
};
Gradients backward(const Kernels& kernels, Backward job, const at::Tensor& input, const at::Tensor& weight,
                   bool summed);

}  // namespace lt::kernels
