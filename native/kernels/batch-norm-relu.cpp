#include "kernels/batch-norm-relu.h"

#include <torch/csrc/autograd/custom_function.h>

#include "kernels/dispatch.h"
#include "kernels/parallel.h"

namespace lt::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kPixelsOfChunk = 2048;  // at least, beside which a chunk's sums cost nothing

Chunks chunksOf(const Pixels& pixels) { return Chunks(pixels.count, kPixelsOfChunk); }

std::vector<double> sumsOf(const Kernels& kernels, const at::Tensor& values) {
  const Pixels pixels = pixelsOf(values);
  const Chunks chunks = chunksOf(pixels);
  ChunkSums sums(chunks, pixels.channels);
  parallelFor(chunks, [&](Chunk chunk) { kernels.sumPixels({pixels, data(values), sums.of(chunk)}, chunk); });
  return sums.total();
}

struct BatchNormRelu : torch::autograd::Function<BatchNormRelu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, const std::optional<at::Tensor>& shortcut,
                            const at::Tensor& runningMean, const at::Tensor& runningVar, double momentum,
                            double eps, std::optional<int64_t> group) {
    const Kernels& kernels = *normKernels(input);
    const NormSums sums(sumsOf(kernels, input), pixelsOf(input).count, group);
    const NormStatistics statistics(sums, {weight, bias, runningMean, runningVar, momentum, eps, group});
    const at::Tensor added = shortcut ? shortcut->contiguous(at::MemoryFormat::ChannelsLast) : at::Tensor();
    at::Tensor output = normalizeRelu(kernels, input, statistics, added);
    context->save_for_backward({input, weight, output, statistics.rows()});
    context->saved_data["count"] = sums.count;
    context->saved_data["group"] = group;
    return output;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &weight = saved[1], &output = saved[2];
    const Kernels& kernels = *kernelsFor({static_cast<int>(input.size(1)), static_cast<int>(input.size(1))});
    refuseSecondDerivative("batch_norm_relu");
    const NormStatistics statistics(saved[3]);
    const Pixels pixels = pixelsOf(input);
    auto [masked, sums] = maskRelu(kernels, gradients[0], output, input, statistics);
    const NormBatch batch{context->saved_data["count"].toDouble(),
                          context->saved_data["group"].toOptional<int64_t>()};
    const NormGradients norm(sums, batch, statistics, weight);
    at::Tensor ofInput = emptyImages(input, input.size(1));
    parallelFor(chunksOf(pixels), [&](Chunk chunk) {
      kernels.normGradientPixels({pixels, norm.ofInput(masked, input), ofInput.mutable_data_ptr<float>()},
                                 chunk);
    });
    const bool wantsShortcut = context->needs_input_grad(3);
    return {ofInput, norm.weight, norm.bias, wantsShortcut ? masked : at::Tensor(), {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor batchNormRelu(const at::Tensor& input, const Norm& norm,
                         const std::optional<at::Tensor>& shortcut) {
  return BatchNormRelu::apply(input, norm.weight, norm.bias, shortcut, norm.runningMean, norm.runningVar,
                              norm.momentum, norm.eps, norm.group);
}

at::Tensor normalizeRelu(const Kernels& kernels, const at::Tensor& input, const NormStatistics& statistics,
                         const at::Tensor& shortcut) {
  at::Tensor output = emptyImages(input, input.size(1));
  const NormalizePixels job{pixelsOf(input),
                            data(input),
                            statistics.scale(),
                            statistics.shift(),
                            shortcut.defined() ? data(shortcut) : nullptr,
                            output.mutable_data_ptr<float>()};
  parallelFor(chunksOf(job.pixels), [&](Chunk chunk) { kernels.normalizePixels(job, chunk); });
  return output;
}

MaskedGradient maskRelu(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& output,
                        const at::Tensor& normalized, const NormStatistics& statistics) {
  const at::Tensor given = gradient.contiguous(at::MemoryFormat::ChannelsLast);
  const Pixels pixels = pixelsOf(output);
  at::Tensor masked = emptyImages(output, output.size(1));
  const Chunks chunks = chunksOf(pixels);
  ChunkSums sums(chunks, pixels.channels);
  parallelFor(chunks, [&](Chunk chunk) {
    kernels.maskPixels({pixels, data(given), data(output), data(normalized), statistics.mean(),
                        masked.mutable_data_ptr<float>(), sums.of(chunk)},
                       chunk);
  });
  return {masked, sums.total()};
}

void refuseSecondDerivative(const char* name) {
  TORCH_CHECK(!at::GradMode::is_enabled(), name,
              ": its gradient cannot be differentiated; --kernels libtorch can");
}

}  // namespace lt::kernels
