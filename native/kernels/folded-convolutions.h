// Convolutions with their batch norm in evaluation, shortcut and activation, without gradients, as our
// kernels compute them. Weights are laid out anew in every call, so that none can be out of date; this costs
// as much as a few pixels.
#pragma once
#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>

#include <optional>

#include "kernels/operators.h"

namespace lt::kernels {

// A convolution and the norm and activation after it.
struct FoldedConvolution {
  const at::Tensor& weight;
  const Norm& norm;
  Activation activation;
};

// Returns activation(norm(convolution(input)) + shortcut) for a convolution that is 1x1, depthwise or of few
// channels; null where our kernels do not compute it.
std::optional<at::Tensor> convolveFolded(const at::Tensor& input, const FoldedConvolution& convolution,
                                         const Geometry& geometry, const std::optional<at::Tensor>& shortcut);

// Convolutions of an inverted residual block; `expand` may be the first one of a network in place of a 1x1.
struct FoldedBlock {
  const FoldedConvolution* expand;  // null: none
  FoldedConvolution depthwise, project;
  Geometry expandGeometry, depthwiseGeometry;
  bool addsInput;
};

// Returns the block's output; null where our kernels do not compute it.
std::optional<at::Tensor> computeFolded(const at::Tensor& input, const FoldedBlock& block);

}  // namespace lt::kernels
