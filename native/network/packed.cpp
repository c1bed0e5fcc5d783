#include "network/packed.h"

#include <algorithm>

namespace lt::network {

using kernels::Chunk;
using kernels::Kernels;
using kernels::Threes;

namespace {

// Values of whole vectors, zeros behind the last.
const float* padded(std::span<const float> values, int width, Arena& arena) {
  const size_t count = (values.size() + width - 1) / width * width;
  float* const result = arena.take(count);
  std::fill(std::ranges::copy(values, result).out, result + count, 0.f);
  return result;
}

// Scales that leave weights as they are.
std::vector<float> ones(int count) { return std::vector<float>(count, 1.f); }

// [outputs][row][column][input]
std::vector<float> patchesOf(const Convolution& convolution) {
  const auto& [weights, bias, inputs, outputs, kernel, stride, top, left, height, width, range] = convolution;
  const int area = kernel * kernel;
  std::vector<float> values(weights.size());
  for (int n = 0; n < outputs; n++)
    for (int c = 0; c < inputs; c++)
      for (int k = 0; k < area; k++)
        values[(n * area + k) * inputs + c] = weights[(n * inputs + c) * area + k];
  return values;
}

kernels::Pointwise pack(const Kernels& kernels, const Convolution& convolution, Threes threes, Arena& arena) {
  const int inputs = convolution.inputs * convolution.kernel * convolution.kernel,
            outputs = convolution.outputs;
  float* const weights = arena.take(kernels::pointwiseFloats(inputs, outputs, kernels.width));
  kernels::packPointwise({patchesOf(convolution).data(), ones(outputs).data(), inputs, outputs}, threes,
                         kernels.width, weights);
  return {inputs, outputs, weights, padded(convolution.bias, kernels.width, arena), convolution.range,
          threes};
}

kernels::Depthwise packDepthwise(const Kernels& kernels, const Convolution& convolution, Arena& arena) {
  const auto& [values, bias, inputs, channels, kernel, stride, top, left, height, width, range] = convolution;
  float* const weights = arena.take(values.size());
  kernels::packDepthwise({values.data(), kernel, kernel, 0, 0}, ones(channels).data(), channels,
                         kernels.width, weights);
  return {channels, kernel, stride, top, left, weights, padded(bias, kernels.width, arena), range};
}

}  // namespace

PackedPointwise::PackedPointwise(const Kernels& kernels, const Convolution& convolution, Threes threes,
                                 Arena& arena)
    : panel_(2 * kernels.width), job_(pack(kernels, convolution, threes, arena)) {}

PackedPointwise::Part PackedPointwise::part(Chunk part) const {
  const auto boundary = [&](int64_t index) {
    return index == part.count ? job_.outputs : static_cast<int>(parts() * index / part.count) * panel_;
  };
  const int first = boundary(part.index);
  Part result{job_, first};
  result.job.outputs = boundary(part.index + 1) - first;
  result.job.weights += static_cast<int64_t>(first) * job_.inputs;
  result.job.bias += first;
  return result;
}

PackedBlock::PackedBlock(const Kernels& kernels, const Block& block, int64_t height, int64_t width,
                         Arena& arena)
    : depthwise_(packDepthwise(kernels, block.depthwise, arena)),
      project_(kernels, block.project, Threes::AtTheEnd, arena),
      images_{1, height, width},
      height_(block.depthwise.height),
      width_(block.depthwise.width),
      addsInput_(block.addsInput) {
  if (!block.widen) return;
  const Convolution& widen = *block.widen;
  images_ = {1, widen.height, widen.width};
  widen_.emplace(kernels, widen, Threes::Never, arena);
  if (widen.kernel == 1) return;
  first_ = {.convolution = widen_->job(),
            .channels = widen.inputs,
            .kernel = widen.kernel,
            .stride = widen.stride,
            .top = widen.top,
            .left = widen.left,
            .images = {1, height, width},
            .height = widen.height,
            .width = widen.width,
            .input = nullptr,
            .output = nullptr};
}

int64_t PackedBlock::weightFloats() const {
  const auto floats = [](const kernels::Pointwise& job) { return int64_t{job.inputs} * job.outputs; };
  return floats(project_.job()) + (widen_ ? floats(widen_->job()) : 0);
}

PackedBlock::Job::Job(const PackedBlock& packed, int64_t images, const float* input, float* output)
    : first(packed.first_),
      block{.expand = packed.widen_ && !first ? &packed.widen_->job() : nullptr,
            .first = first ? &*first : nullptr,
            .depthwise = packed.depthwise_,
            .project = &packed.project_.job(),
            .images = {images, packed.images_.height, packed.images_.width},
            .height = packed.height_,
            .width = packed.width_,
            .input = input,
            .shortcut = packed.addsInput_ ? input : nullptr,
            .output = output,
            .outputStride = packed.project_.job().outputs} {
  if (!first) return;
  first->input = input;
  first->images.count = images;
}

PackedBlock::Job::Job(const PackedBlock& packed, Chunk part, const float* input, float* inner) {
  const auto [job, start] = packed.widen_->part(part);
  expand = job;
  block = {.expand = &*expand,
           .first = nullptr,
           .depthwise = packed.depthwise_,
           .project = nullptr,
           .images = packed.images_,
           .height = packed.height_,
           .width = packed.width_,
           .input = input,
           .shortcut = nullptr,
           .output = inner + start,
           .outputStride = packed.depthwise_.channels};
  kernels::Depthwise& depthwise = block.depthwise;
  depthwise.channels = expand->outputs;
  depthwise.weights += static_cast<int64_t>(start) * depthwise.kernel * depthwise.kernel;
  depthwise.bias += start;
}

kernels::PointwiseImages PackedBlock::projectionOf(const float* input, const float* inner,
                                                   float* output) const {
  return {project_.job(), pixels(), inner, addsInput_ ? input : nullptr, output, project_.job().outputs};
}

}  // namespace lt::network
