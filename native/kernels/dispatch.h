// Dispatch: which computations our own kernels do, and which libtorch's do.
#pragma once
#include <ATen/core/Tensor.h>

#include "kernels/operators.h"
#include "kernels/winograd.h"

namespace lt::kernels {

// Returns the kernels for a 3x3 convolution of these tensors with stride 1 and padding 1; null where libtorch
// computes it.
const Kernels* convolutionKernels(const at::Tensor& input, const at::Tensor& weight);

// Returns the kernels for batch norm and ReLU of these images in training; null where libtorch computes them.
const Kernels* normKernels(const at::Tensor& input);

// Whether the convolution takes each pixel, with all of its channels, by itself.
bool isPointwise(const at::Tensor& weight, const Geometry& geometry);

// Returns the kernels for a 1x1 convolution of these tensors without gradients; null where libtorch computes
// it.
const Kernels* pointwiseKernels(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry);

// Returns the kernels for a convolution of these images, of few channels, without gradients; null where
// libtorch computes it.
const Kernels* im2colKernels(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry);

// Returns the kernels for a depthwise convolution of these tensors without gradients; null where libtorch
// computes it.
const Kernels* depthwiseKernels(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry);

// Returns the kernels for an inverted residual block of these images with such depthwise weights, without
// gradients; null where it is computed convolution by convolution.
const Kernels* blockKernels(const at::Tensor& input, const at::Tensor& depthwise);

// Whether the tensor is float32 on the CPU, outside of autocast, and our kernels are in use at all.
bool isPlainFloat(const at::Tensor& tensor);

enum class Use {
  Libtorch,  // never ours
  Own,       // ours where they are faster
  Always,    // ours wherever they can: for tests and measurements
};

// Sets who computes, for the whole process.
void setUse(Use use);
Use use();

}  // namespace lt::kernels
