// longtail::conv_norm: a convolution, its batch norm, a shortcut's addition and a ReLU. Our kernels fuse what
// they can: in training, norm, addition and ReLU; in evaluation without gradients, all of it where they
// compute the convolution, and otherwise the norm is folded into the weights that libtorch convolves with.
// Every call folds anew, so that no weight can be out of date; this costs as much as a few pixels.
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/mul.h>
#include <torch/library.h>

#include <algorithm>
#include <initializer_list>

#include "distributed/sync-batch-norm.h"
#include "kernels/batch-norm-relu.h"
#include "kernels/conv3x3.h"
#include "kernels/dispatch.h"
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

// Changes in place what batch norm returned, which saves memory.
at::Tensor addAndRelu(at::Tensor y, const std::optional<at::Tensor>& shortcut, bool relu) {
  if (shortcut) y.add_(*shortcut);
  return relu ? y.relu_() : y;
}

bool isRecorded(std::initializer_list<const at::Tensor*> tensors) {
  return at::GradMode::is_enabled() &&
         std::any_of(tensors.begin(), tensors.end(),
                     [](const at::Tensor* tensor) { return tensor->requires_grad(); });
}

at::Tensor folded(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry,
                  const Epilogue& epilogue) {
  const FoldedNorm norm(epilogue.norm);
  const Kernels* kernels = is3x3(weight, geometry) ? convolutionKernels(input, weight) : nullptr;
  if (!kernels) {
    const at::Tensor weights = at::mul(weight, norm.scale().view({-1, 1, 1, 1}));
    const at::Tensor convolved =
        at::conv2d(input, weights, norm.shift(), geometry.stride, geometry.padding, 1, geometry.groups);
    return addAndRelu(convolved, epilogue.shortcut, epilogue.relu);
  }
  const at::Tensor shortcut =
      epilogue.shortcut ? epilogue.shortcut->contiguous(at::MemoryFormat::ChannelsLast) : at::Tensor();
  return forwardNormalized(*kernels, input, weight, norm, shortcut, epilogue.relu);
}

}  // namespace

at::Tensor convNorm(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry,
                    const Epilogue& epilogue) {
  const auto& [norm, training, shortcut, relu] = epilogue;
  const bool recorded =
      isRecorded({&input, &weight, &norm.weight, &norm.bias}) || (shortcut && isRecorded({&*shortcut}));
  if (!training && !recorded && isPlainFloat(input) && isPlainFloat(weight) && isPlainFloat(norm.runningVar))
    return folded(input, weight, geometry, epilogue);
  const at::Tensor y = convolve(input, weight, geometry);
  const bool fits = !shortcut || (isPlainFloat(*shortcut) && shortcut->sizes() == y.sizes());
  if (training && relu && fits && normKernels(y)) return batchNormRelu(y, norm, shortcut);
  return addAndRelu(normalize(y, norm, training), shortcut, relu);
}

namespace {

at::Tensor convNormOperator(const at::Tensor& input, const at::Tensor& weight, at::IntArrayRef stride,
                            at::IntArrayRef padding, int64_t groups, const at::Tensor& normWeight,
                            const at::Tensor& normBias, const at::Tensor& runningMean,
                            const at::Tensor& runningVar, bool training, double momentum, double eps,
                            const std::optional<at::Tensor>& shortcut, bool relu,
                            std::optional<int64_t> group) {
  return convNorm(
      input, weight, {stride, padding, groups},
      {{normWeight, normBias, runningMean, runningVar, momentum, eps, group}, training, shortcut, relu});
}

}  // namespace

void defineConvNorm(torch::Library& library) {
  library.def(
      "conv_norm(Tensor input, Tensor weight, int[2] stride, int[2] padding, int groups, Tensor norm_weight, "
      "Tensor norm_bias, Tensor running_mean, "
      "Tensor running_var, bool training, float momentum, float eps, Tensor? shortcut, bool relu, int? "
      "group) -> Tensor");
  library.impl("conv_norm",
               torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(convNormOperator)));
}

}  // namespace lt::kernels
