// Batch norm over the images of all processes: each sums over its own, the sums are reduced, and all
// normalize by the same mean and variance. Gradients need the sums of two products in the same way. Ioffe and
// Szegedy, ICML 2015, over the whole batch; PyTorch's SyncBatchNorm does the same.
// native/kernels/batch-norm.h sends the same sums in the same order, so that a process may compute a layer
// here and another one there.
#include "distributed/sync-batch-norm.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/var_mean.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "distributed/distributed.h"
#include "distributed/mesh.h"

namespace lt::distributed {

void sumOverProcesses(int64_t group, at::Tensor& sums) {
  const auto mesh = meshOf(group);
  const auto count = static_cast<size_t>(sums.numel());
  if (mesh && sums.is_cpu() && count <= Mesh::kMaxNumbers)
    return mesh->sum(sums.mutable_data_ptr<double>(), count);
  std::vector<at::Tensor> one{sums};
  groupOf(group)->allreduce(one)->wait();
}

void requireVariance(double valuesPerChannel, at::IntArrayRef input) {
  TORCH_CHECK(valuesPerChannel != 1,
              "batch norm: expected more than 1 value per channel when training (data.dropLast=true leaves "
              "out a smaller last batch, data.batch chooses another size), received ",
              input);
}

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

std::vector<int64_t> allButChannels(const at::Tensor& x) {
  std::vector<int64_t> dims{0};
  for (int64_t i = 2; i < x.dim(); i++) dims.push_back(i);
  return dims;
}

struct Moments {
  at::Tensor mean, variance;  // float64 [C], of all processes' images
  double count;
};

Moments momentsOverProcesses(const at::Tensor& x, int64_t group) {
  const int64_t channels = x.size(1);
  const double count = static_cast<double>(x.numel()) / static_cast<double>(channels);
  const bool half = c10::isReducedFloatingType(x.scalar_type());
  auto [variance, mean] = at::var_mean(half ? x.to(at::kFloat) : x, allButChannels(x), /*unbiased=*/false);
  auto m = mean.to(at::kDouble), v = variance.to(at::kDouble);
  if (x.numel() == 0) {  // no images of the batch are left for this process: both are NaN
    m.zero_();
    v.zero_();
  }
  auto sums = at::cat({m * count, (v + m * m) * count, at::full({1}, count, m.options())});
  sumOverProcesses(group, sums);
  const double total = sums[2 * channels].item<double>();
  requireVariance(total, x.sizes());
  const auto over = sums.narrow(0, 0, channels) / total;
  return {over, (sums.narrow(0, channels, channels) / total - over * over).clamp_min_(0), total};
}

void follow(const at::Tensor& running, const at::Tensor& newest, double momentum) {
  const_cast<at::Tensor&>(running).mul_(1 - momentum).add_(newest.to(running.scalar_type()), momentum);
}

struct SyncBatchNorm : torch::autograd::Function<SyncBatchNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& runningMean,
                            const at::Tensor& runningVariance, double momentum, double eps, int64_t group) {
    const auto moments = momentsOverProcesses(x, group);
    follow(runningMean, moments.mean, momentum);
    follow(runningVariance, moments.variance * (moments.count / std::max(moments.count - 1, 1.0)), momentum);
    // The CPU's batch norm wants the statistics in the weights' type.
    const auto mean = moments.mean.to(weight.scalar_type()),
               variance = moments.variance.to(weight.scalar_type());
    context->save_for_backward({x, weight, mean, variance});
    context->saved_data["eps"] = eps;
    context->saved_data["count"] = moments.count;
    context->saved_data["group"] = group;
    return std::get<0>(at::native_batch_norm(x, weight, bias, mean, variance, /*training=*/false, 0.0, eps));
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &mean = saved[2], &variance = saved[3];
    const double eps = context->saved_data["eps"].toDouble(), count = context->saved_data["count"].toDouble();
    const auto gradient = gradients[0].contiguous(x.suggest_memory_format());
    // These treat the statistics as constants; their dependence on x is added below.
    auto [ofInput, ofWeight, ofBias] = at::native_batch_norm_backward(
        gradient, x, weight, mean, variance, {}, {}, /*train=*/false, eps, {true, true, true});
    const int64_t channels = x.size(1);
    const auto inverse = (variance.to(at::kDouble) + eps).rsqrt();
    // Sums of g and g·(x − mean).
    auto sums = at::cat({ofBias.to(at::kDouble), ofWeight.to(at::kDouble) / inverse});
    sumOverProcesses(context->saved_data["group"].toInt(), sums);
    const auto meanOfGradient = sums.narrow(0, 0, channels) / count,
               meanOfProduct = sums.narrow(0, channels, channels) / count;
    const auto scale = weight.detach().to(at::kDouble) * inverse;
    const auto byInput = -(scale * inverse * inverse * meanOfProduct);
    const auto constant = -(scale * meanOfGradient) - byInput * mean.to(at::kDouble);
    std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
    shape[1] = channels;
    const auto type = c10::isReducedFloatingType(x.scalar_type()) ? at::kFloat : x.scalar_type();
    ofInput = ofInput.to(type)
                  .addcmul(x.to(type), byInput.to(type).view(shape))
                  .add_(constant.to(type).view(shape))
                  .to(x.scalar_type());
    return {ofInput, ofWeight, ofBias, {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor syncBatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         const at::Tensor& runningMean, const at::Tensor& runningVariance, double momentum,
                         double eps, int64_t group) {
  return SyncBatchNorm::apply(x, weight, bias, runningMean, runningVariance, momentum, eps, group);
}

void defineSyncBatchNorm() {
  static torch::Library library(torch::Library::FRAGMENT, "longtail", std::nullopt, __FILE__, __LINE__);
  static const bool defined = [] {
    library.def(
        "sync_batch_norm(Tensor x, Tensor weight, Tensor bias, Tensor running_mean, Tensor running_variance, "
        "float momentum, float eps, int group) -> "
        "Tensor");
    library.impl("sync_batch_norm",
                 torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(syncBatchNorm)));
    return true;
  }();
  (void)defined;
}

}  // namespace lt::distributed
