// longtail::residual_chain: a chain of residual blocks that change no shape, each
//   y1 = conv3x3(x), y2 = conv3x3(relu(norm1(y1))), x' = relu(norm2(y2) + x)
// in training (He et al., CVPR 2016). Statistics are gathered where a convolution writes and norms applied
// where the next one reads, so that relu(norm1(y1)) never exists; in the backward pass, a block hands the
// next one a gradient that has passed back through its ReLU, with the sums that its batch norm needs.
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "kernels/batch-norm-relu.h"
#include "kernels/conv3x3.h"
#include "kernels/dispatch.h"
#include "kernels/operators.h"
#include "kernels/parallel.h"

namespace lt::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Numbers of a block's tensors, in the order in which the operator takes them.
constexpr int kBlockParameters = 6;  // weight of the convolution, weight and bias of its norm; twice
constexpr int kBlockRunning = 4;     // mean and variance of a norm; twice
constexpr int kKept = 5;             // y1, norm1's statistics, y2, norm2's statistics, x'

struct Settings {
  bool training;
  double momentum, eps;
  std::optional<int64_t> group;
};

struct ResidualChain : torch::autograd::Function<ResidualChain> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, at::TensorList parameters,
                            at::TensorList running, double momentum, double eps,
                            std::optional<int64_t> group) {
    const Kernels& kernels = *convolutionKernels(input, parameters[0]);
    const int64_t count = pixelsOf(input).count;
    variable_list kept{input};
    kept.insert(kept.end(), parameters.begin(), parameters.end());
    double countOfAll = 0;
    const auto statistics = [&](std::vector<double> own, size_t p, size_t r) {
      const NormSums sums(std::move(own), count, group);
      countOfAll = sums.count;  // that of every norm: no block changes the shape
      return NormStatistics(
          sums, {parameters[p], parameters[p + 1], running[r], running[r + 1], momentum, eps, group});
    };
    at::Tensor x = input;
    for (size_t p = 0, r = 0; p < parameters.size(); p += kBlockParameters, r += kBlockRunning) {
      auto [y1, sums1] = forwardSummed(kernels, x, parameters[p], nullptr, nullptr);
      const NormStatistics norm1 = statistics(std::move(sums1), p + 1, r);
      auto [y2, sums2] = forwardSummed(kernels, y1, parameters[p + 3], norm1.scale(), norm1.shift());
      const NormStatistics norm2 = statistics(std::move(sums2), p + 4, r + 2);
      x = normalizeRelu(kernels, y2, norm2, x);
      kept.insert(kept.end(), {y1, norm1.rows(), y2, norm2.rows(), x});
    }
    context->save_for_backward(kept);
    context->saved_data["blocks"] = static_cast<int64_t>(parameters.size() / kBlockParameters);
    context->saved_data["count"] = countOfAll;
    context->saved_data["group"] = group;
    return x;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    refuseSecondDerivative("residual_chain");
    const auto saved = context->get_saved_variables();
    const int64_t blocks = context->saved_data["blocks"].toInt(), firstKept = 1 + blocks * kBlockParameters;
    const auto parameter = [&](int64_t block, int index) -> const at::Tensor& {
      return saved[1 + block * kBlockParameters + index];
    };
    const auto kept = [&](int64_t block, int index) -> const at::Tensor& {
      return saved[firstKept + block * kKept + index];
    };
    const Kernels& kernels = *kernelsFor(channelsOf(parameter(0, 0)));
    const NormBatch batch{context->saved_data["count"].toDouble(),
                          context->saved_data["group"].toOptional<int64_t>()};

    variable_list result(1 + blocks * (kBlockParameters + kBlockRunning) + 3);
    auto [gradient, sums] = maskRelu(kernels, gradients[0], kept(blocks - 1, 4), kept(blocks - 1, 2),
                                     NormStatistics(kept(blocks - 1, 3)));
    for (int64_t i = blocks - 1; i >= 0; i--) {
      const auto &y1 = kept(i, 0), &y2 = kept(i, 2), &x = i > 0 ? kept(i - 1, 4) : saved[0];
      const NormStatistics norm1(kept(i, 1)), norm2(kept(i, 3));
      const NormGradients gradients2(sums, batch, norm2, parameter(i, 4));
      Backward second{};
      second.gradient = gradients2.ofInput(gradient, y2);
      second.scale = norm1.scale();
      second.shift = norm1.shift();
      second.normalized = data(y1);
      second.mean = norm1.mean();
      const Gradients inner = kernels::backward(kernels, second, y1, parameter(i, 3), true);
      const NormGradients gradients1(inner.sums, batch, norm1, parameter(i, 1));
      Backward first{};
      first.gradient = gradients1.ofInput(inner.input, y1);
      first.shortcut = data(gradient);
      const NormStatistics before(i > 0 ? kept(i - 1, 3) : kept(i, 3));
      if (i > 0) {
        first.normalized = data(kept(i - 1, 2));
        first.mean = before.mean();
      }
      Gradients outer = kernels::backward(kernels, first, x, parameter(i, 0), i > 0);
      const at::Tensor ofParameters[] = {outer.weight, gradients1.weight, gradients1.bias,
                                         inner.weight, gradients2.weight, gradients2.bias};
      std::copy(std::begin(ofParameters), std::end(ofParameters), result.begin() + 1 + i * kBlockParameters);
      gradient = std::move(outer.input);
      sums = std::move(outer.sums);
    }
    result[0] = gradient;
    return result;
  }
};

// Returns the epilogue of the convolution whose weight is parameter p, with running statistics from r on.
Epilogue epilogueOf(at::TensorList parameters, at::TensorList running, size_t p, size_t r,
                    const Settings& settings, const std::optional<at::Tensor>& shortcut) {
  return {{parameters[p + 1], parameters[p + 2], running[r], running[r + 1], settings.momentum, settings.eps,
           settings.group},
          settings.training,
          shortcut,
          Activation::Relu};
}

// Computes the chain convolution by convolution.
at::Tensor blockByBlock(const at::Tensor& input, at::TensorList parameters, at::TensorList running,
                        const Settings& settings) {
  const Geometry geometry{kOnes, kOnes, 1};
  const std::optional<at::Tensor> none;
  at::Tensor x = input;
  for (size_t p = 0, r = 0; p < parameters.size(); p += kBlockParameters, r += kBlockRunning) {
    const std::optional<at::Tensor> shortcut = x;
    const at::Tensor inner =
        convNorm(x, parameters[p], geometry, epilogueOf(parameters, running, p, r, settings, none));
    x = convNorm(inner, parameters[p + 3], geometry,
                 epilogueOf(parameters, running, p + 3, r + 2, settings, shortcut));
  }
  return x;
}

bool takesChain(const at::Tensor& input, at::TensorList parameters) {
  for (size_t p = 0; p < parameters.size(); p += 3) {
    const auto& weight = parameters[p];
    if (!convolutionKernels(input, weight) || weight.size(0) != weight.size(1)) return false;
  }
  return normKernels(input) != nullptr;
}

at::Tensor residualChain(const at::Tensor& input, at::TensorList parameters, at::TensorList running,
                         bool training, double momentum, double eps, std::optional<int64_t> group) {
  const size_t blocks = parameters.size() / kBlockParameters;
  TORCH_CHECK(blocks > 0 && parameters.size() == blocks * kBlockParameters &&
                  running.size() == blocks * kBlockRunning,
              "expected ", kBlockParameters, " parameters and ", kBlockRunning,
              " running statistics a block, received ", parameters.size(), " and ", running.size());
  const Settings settings{training, momentum, eps, group};
  if (!training || !at::GradMode::is_enabled() || !takesChain(input, parameters))
    return blockByBlock(input, parameters, running, settings);
  return ResidualChain::apply(input, parameters, running, momentum, eps, group);
}

}  // namespace

void defineResidualChain(torch::Library& library) {
  library.def(
      "residual_chain(Tensor input, Tensor[] parameters, Tensor[] running, bool training, float momentum, "
      "float eps, int? group) -> Tensor");
  library.impl("residual_chain",
               torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(residualChain)));
}

}  // namespace lt::kernels
