#include "kernels/conv3x3.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "kernels/workspace.h"

namespace lt::kernels {
namespace {

// As many as libtorch has threads, where there is that much work.
int64_t partsOf(int64_t most) { return std::min<int64_t>(most, at::in_parallel_region() ? 1 : at::get_num_threads()); }

template <class Work>
void inParts(int64_t most, const Work& work) {
  const int64_t parts = partsOf(most);
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) work(Part{index, parts});
  });
}

Images imagesOf(const at::Tensor& tensor) { return {tensor.size(0), tensor.size(2), tensor.size(3)}; }

Channels channelsOf(const at::Tensor& weight) { return {static_cast<int>(weight.size(1)), static_cast<int>(weight.size(0))}; }

WeightStrides stridesOf(const at::Tensor& weight) { return {weight.stride(0), weight.stride(1), weight.stride(2), weight.stride(3)}; }

at::Tensor emptyImages(const at::Tensor& like, int64_t channels) {
  return at::empty({like.size(0), channels, like.size(2), like.size(3)}, like.options().memory_format(at::MemoryFormat::ChannelsLast));
}

at::Tensor convolve(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight, bool rotated) {
  const Channels stored = channelsOf(weight), channels = rotated ? Channels{stored.outputs, stored.inputs} : stored;
  const Images images = imagesOf(input);
  const Workspace transformed(static_cast<size_t>(transformedWeights(channels)));
  const WeightTransform transform{channels, weight.const_data_ptr<float>(), stridesOf(weight), rotated, transformed.data()};
  inParts(channels.inputs, [&](Part part) { kernels.transformWeights(transform, part); });
  at::Tensor output = emptyImages(input, channels.outputs);
  const Convolution job{images, channels, input.const_data_ptr<float>(), transformed.data(), output.mutable_data_ptr<float>()};
  const size_t scratch = scratchFloats(images, channels);
  inParts(Strips(images).count, [&](Part part) { kernels.convolve(job, part, Workspace(scratch).data()); });
  return output;
}

}  // namespace

at::Tensor forward(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight) { return convolve(kernels, input, weight, false); }

at::Tensor inputGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& weight) {
  return convolve(kernels, gradient, weight, true);
}

at::Tensor weightGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight) {
  const Images images = imagesOf(input);
  const Channels channels = channelsOf(weight);
  const int64_t size = transformedWeights(channels), parts = partsOf(Strips(images).count);
  const size_t scratch = scratchFloats(images, channels);
  const Workspace sums(static_cast<size_t>(parts * size));
  inParts(parts, [&](Part part) {
    const WeightGradient job{images, channels, input.const_data_ptr<float>(), gradient.const_data_ptr<float>(), sums.data() + part.index * size};
    kernels.sumWeightGradient(job, part, Workspace(scratch).data());
  });
  at::Tensor result = at::empty_like(weight);
  const WeightGradientEnd end{channels, sums.data(), parts, result.mutable_data_ptr<float>(), stridesOf(result)};
  inParts(channels.inputs, [&](Part part) { kernels.endWeightGradient(end, part); });
  return result;
}

}  // namespace lt::kernels
