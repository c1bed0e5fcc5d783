// Batch norm in training with what follows it: relu(norm(x) + shortcut).
#pragma once
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "kernels/batch-norm.h"
#include "kernels/winograd.h"

namespace lt::kernels {

// Of images that chooseForPixels takes, with autograd; two passes over the images, and three backward.
at::Tensor batchNormRelu(const at::Tensor& input, const Norm& norm,
                         const std::optional<at::Tensor>& shortcut);

// relu(norm(input) + shortcut); an undefined shortcut is none.
at::Tensor normalizeRelu(const Kernels& kernels, const at::Tensor& input, const NormStatistics& statistics,
                         const at::Tensor& shortcut);

// The gradient through that ReLU, and the sums for NormGradients.
struct Masked {
  at::Tensor gradient;
  std::vector<double> sums;
};
Masked maskRelu(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& output,
                const at::Tensor& normalized, const NormStatistics& statistics);

// Throws when a backward pass is itself recorded.
void refuseSecondDerivative(const char* name);

}  // namespace lt::kernels
