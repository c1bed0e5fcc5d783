// The operators "longtail::…", one per file.
#pragma once
#include <ATen/core/Tensor.h>

#include <optional>
#include <string_view>

#include "kernels/batch-norm.h"

namespace torch {
class Library;
}

namespace lt::kernels {

void defineConv3x3(torch::Library& library);
void defineConvNorm(torch::Library& library);
void defineInvertedResidual(torch::Library& library);
void defineResidualChain(torch::Library& library);

// Convolves x [N, Cin, H, W] with weight [Cout, Cin, 3, 3] → [N, Cout, H, W], with stride 1 and padding 1.
at::Tensor conv3x3(const at::Tensor& input, const at::Tensor& weight);

struct Geometry {
  at::IntArrayRef stride, padding;
  int64_t groups;
};
inline constexpr int64_t kOnes[] = {1, 1}, kZeros[] = {0, 0};

// What follows a norm: nothing, max(x, 0), or min(max(x, 0), 6).
enum class Activation { None, Relu, Relu6 };
inline constexpr int kRelu6Ceiling = 6;
Activation activationNamed(std::string_view name);

// The epilogue of a convolution: its batch norm, a shortcut that is added, and an activation.
struct Epilogue {
  Norm norm;
  bool training;
  const std::optional<at::Tensor>& shortcut;
  Activation activation;
};

// Whether autograd records what is computed with the tensor.
bool isRecorded(const at::Tensor& tensor);

at::Tensor convNorm(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry,
                    const Epilogue& epilogue);

}  // namespace lt::kernels
