// Batch norm in training with its epilogue: relu(norm(x) + shortcut).
#pragma once
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "kernels/batch-norm.h"
#include "kernels/winograd.h"

namespace lt::kernels {

// Computes relu(norm(input) + shortcut) with autograd, for images that normKernels accepts. It passes over
// the images twice, and three times in the backward pass.
at::Tensor batchNormRelu(const at::Tensor& input, const Norm& norm,
                         const std::optional<at::Tensor>& shortcut);

// Computes relu(norm(input) + shortcut); an undefined shortcut means that there is none.
at::Tensor normalizeRelu(const Kernels& kernels, const at::Tensor& input, const NormStatistics& statistics,
                         const at::Tensor& shortcut);

// The gradient after it has passed back through that ReLU, and the sums for NormGradients.
struct MaskedGradient {
  at::Tensor gradient;
  std::vector<double> sums;
};
MaskedGradient maskRelu(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& output,
                        const at::Tensor& normalized, const NormStatistics& statistics);

// Throws when a backward pass is itself recorded.
void refuseSecondDerivative(const char* name);

}  // namespace lt::kernels
