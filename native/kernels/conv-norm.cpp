// longtail::conv_norm: a convolution, its batch norm, a shortcut's addition and an activation. Our kernels
// fuse what they can: in training, norm, addition and ReLU; in evaluation without gradients, all of it where
// they compute the convolution, and otherwise the norm is folded into the weights that libtorch convolves
// with, and oneDNN does the rest as it writes. Every call folds anew, so that no weight can be out of date;
// this costs as much as a few pixels.
#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/relu.h>
#include <torch/library.h>

#include <algorithm>
#include <string_view>

#include "distributed/sync-batch-norm.h"
#include "kernels/batch-norm-relu.h"
#include "kernels/conv3x3.h"
#include "kernels/dispatch.h"
#include "kernels/folded-convolutions.h"
#include "kernels/operators.h"

namespace lt::kernels {
namespace {

bool is3x3(const at::Tensor& weight, const Geometry& geometry) {
  const auto ones = [](at::IntArrayRef values) {
    return std::all_of(values.begin(), values.end(), [](int64_t value) { return value == 1; });
  };
  return weight.size(2) == 3 && weight.size(3) == 3 && ones(geometry.stride) && ones(geometry.padding) &&
         geometry.groups == 1;
}

at::Tensor convolve(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry) {
  if (is3x3(weight, geometry)) return conv3x3(input, weight);
  return at::conv2d(input, weight, {}, geometry.stride, geometry.padding, 1, geometry.groups);
}

at::Tensor normalize(const at::Tensor& y, const Norm& norm, bool training) {
  const auto& [weight, bias, runningMean, runningVar, momentum, eps, group] = norm;
  if (training && group)
    return distributed::syncBatchNorm(y, weight, bias, runningMean, runningVar, momentum, eps, *group);
  if (training) distributed::requireVariance(y.numel() / static_cast<double>(y.size(1)), y.sizes());
  return at::batch_norm(y, weight, bias, runningMean, runningVar, training, momentum, eps, true);
}

at::Tensor activate(at::Tensor y, Activation activation) {
  if (activation == Activation::Relu) return y.relu_();
  return activation == Activation::Relu6 ? at::hardtanh_(y, 0, kRelu6Ceiling) : y;
}

// Changes in place what batch norm returned, which saves memory.
at::Tensor addAndActivate(at::Tensor y, const std::optional<at::Tensor>& shortcut, Activation activation) {
  if (shortcut) y.add_(*shortcut);
  return activate(y, activation);
}

bool isForOneDnn(const at::Tensor& input) {
  return input.device().is_cpu() && at::globalContext().userEnabledMkldnn() && input.numel() > 0;
}

// Returns activation(convolution + bias + shortcut), which oneDNN computes in one pass.
at::Tensor convolveOnce(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                        const Geometry& geometry, const Epilogue& epilogue) {
  using Scalars = c10::List<std::optional<at::Scalar>>;
  using Text = std::optional<std::string_view>;
  using Plain =
      at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, at::IntArrayRef,
                 at::IntArrayRef, at::IntArrayRef, int64_t, std::string_view, Scalars, Text);
  static const auto plain =
      c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_convolution_pointwise", "").typed<Plain>();
  const bool capped = epilogue.activation == Activation::Relu6;
  Scalars range;
  if (capped) range = Scalars({at::Scalar(0), at::Scalar(kRelu6Ceiling)});
  const char* name = capped ? "hardtanh" : epilogue.activation == Activation::Relu ? "relu" : "none";
  constexpr int64_t kDense[] = {1, 1};
  return plain.call(input, weight, bias, geometry.padding, geometry.stride, kDense, geometry.groups, name,
                    range, std::nullopt);
}

at::Tensor folded(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry,
                  const Epilogue& epilogue) {
  if (const auto output =
          convolveFolded(input, {weight, epilogue.norm, epilogue.activation}, geometry, epilogue.shortcut))
    return *output;
  const FoldedNorm norm(epilogue.norm);
  const Kernels* kernels = is3x3(weight, geometry) ? convolutionKernels(input, weight) : nullptr;
  if (!kernels) {
    const at::Tensor weights = at::mul(weight, norm.scale().view({-1, 1, 1, 1}));
    if (!epilogue.shortcut && isForOneDnn(input))
      return convolveOnce(input, weights, norm.shift(), geometry, epilogue);
    const at::Tensor convolved =
        at::conv2d(input, weights, norm.shift(), geometry.stride, geometry.padding, 1, geometry.groups);
    return addAndActivate(convolved, epilogue.shortcut, epilogue.activation);
  }
  const at::Tensor shortcut =
      epilogue.shortcut ? epilogue.shortcut->contiguous(at::MemoryFormat::ChannelsLast) : at::Tensor();
  const bool relu = epilogue.activation == Activation::Relu;
  const at::Tensor y = forwardNormalized(*kernels, input, weight, norm, shortcut, relu);
  return relu ? y : activate(y, epilogue.activation);
}

}  // namespace

bool isRecorded(const at::Tensor& tensor) { return at::GradMode::is_enabled() && tensor.requires_grad(); }

Activation activationNamed(std::string_view name) {
  if (name == "none") return Activation::None;
  if (name == "relu") return Activation::Relu;
  TORCH_CHECK(name == "relu6", "expected the activation none, relu or relu6, received ", name);
  return Activation::Relu6;
}

at::Tensor convNorm(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry,
                    const Epilogue& epilogue) {
  const auto& [norm, training, shortcut, activation] = epilogue;
  const bool recorded = isRecorded(input) || isRecorded(weight) || isRecorded(norm.weight) ||
                        isRecorded(norm.bias) || (shortcut && isRecorded(*shortcut));
  if (!training && !recorded && isPlainFloat(input) && isPlainFloat(weight) && isPlainFloat(norm.runningVar))
    return folded(input, weight, geometry, epilogue);
  const at::Tensor y = convolve(input, weight, geometry);
  const bool fits = !shortcut || (isPlainFloat(*shortcut) && shortcut->sizes() == y.sizes());
  if (training && activation == Activation::Relu && fits && normKernels(y))
    return batchNormRelu(y, norm, shortcut);
  return addAndActivate(normalize(y, norm, training), shortcut, activation);
}

namespace {

at::Tensor convNormOperator(const at::Tensor& input, const at::Tensor& weight, at::IntArrayRef stride,
                            at::IntArrayRef padding, int64_t groups, const at::Tensor& normWeight,
                            const at::Tensor& normBias, const at::Tensor& runningMean,
                            const at::Tensor& runningVar, bool training, double momentum, double eps,
                            const std::optional<at::Tensor>& shortcut, std::string_view activation,
                            std::optional<int64_t> group) {
  return convNorm(input, weight, {stride, padding, groups},
                  {{normWeight, normBias, runningMean, runningVar, momentum, eps, group},
                   training,
                   shortcut,
                   activationNamed(activation)});
}

}  // namespace

void defineConvNorm(torch::Library& library) {
  library.def(
      "conv_norm(Tensor input, Tensor weight, int[2] stride, int[2] padding, int groups, Tensor norm_weight, "
      "Tensor norm_bias, Tensor running_mean, "
      "Tensor running_var, bool training, float momentum, float eps, Tensor? shortcut, str "
      "activation, int? group) -> Tensor");
  library.impl("conv_norm",
               torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(convNormOperator)));
}

}  // namespace lt::kernels
