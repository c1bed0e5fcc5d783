#include "kernels/conv3x3.h"

#include <ATen/ops/empty_like.h>

#include "kernels/parts.h"
#include "kernels/workspace.h"

namespace lt::kernels {
namespace {

// Of a convolution with the given weight; rotated: of its data gradient.
class Transformed {
 public:
  Transformed(const Kernels& kernels, const at::Tensor& weight, bool rotated)
      : channels(rotated ? turned(channelsOf(weight)) : channelsOf(weight)),
        memory_(static_cast<size_t>(transformedWeights(channels))) {
    const WeightTransform job{channels, kernels::data(weight), stridesOf(weight), rotated, memory_.data()};
    inParts(channels.inputs, [&](Part part) { kernels.transformWeights(job, part); });
  }

  const float* data() const { return memory_.data(); }
  const Channels channels;

 private:
  static Channels turned(const Channels& channels) { return {channels.outputs, channels.inputs}; }
  const Workspace memory_;
};

Convolution jobOf(const at::Tensor& input, const Transformed& weights, at::Tensor& output) {
  return {imagesOf(input), weights.channels, data(input), weights.data(), output.mutable_data_ptr<float>()};
}

void run(const Kernels& kernels, const Convolution& job) {
  const size_t scratch = scratchFloats(job.images, job.channels);
  inParts(Strips(job.images).count,
          [&](Part part) { kernels.convolve(job, part, Workspace(scratch).data()); });
}

at::Tensor convolve(const Kernels& kernels, const at::Tensor& input, const Transformed& weights) {
  at::Tensor output = emptyImages(input, weights.channels.outputs);
  run(kernels, jobOf(input, weights, output));
  return output;
}

// The parts' sums of a weight's gradient, and their end.
class WeightSums {
 public:
  WeightSums(int64_t parts, const at::Tensor& weight)
      : channels_(channelsOf(weight)),
        parts_(parts),
        memory_(static_cast<size_t>(parts * transformedWeights(channels_))) {}

  float* of(Part part) const { return memory_.data() + part.index * transformedWeights(channels_); }

  at::Tensor end(const Kernels& kernels, const at::Tensor& weight) const {
    at::Tensor result = at::empty_like(weight);
    const WeightGradientEnd job{channels_, memory_.data(), parts_, result.mutable_data_ptr<float>(),
                                stridesOf(result)};
    inParts(channels_.inputs, [&](Part part) { kernels.endWeightGradient(job, part); });
    return result;
  }

 private:
  const Channels channels_;
  const int64_t parts_;
  const Workspace memory_;
};

}  // namespace

at::Tensor forward(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight) {
  return convolve(kernels, input, Transformed(kernels, weight, false));
}

at::Tensor inputGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& weight) {
  return convolve(kernels, gradient, Transformed(kernels, weight, true));
}

at::Tensor weightGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& input,
                          const at::Tensor& weight) {
  const Images images = imagesOf(input);
  const Channels channels = channelsOf(weight);
  const int64_t strips = Strips(images).count;
  const size_t scratch = scratchFloats(images, channels);
  const WeightSums sums(partsOf(strips), weight);
  inParts(strips, [&](Part part) {
    kernels.sumWeightGradient({images, channels, data(input), data(gradient), sums.of(part)}, part,
                              Workspace(scratch).data());
  });
  return sums.end(kernels, weight);
}

Summed forwardSummed(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight,
                     const float* scale, const float* shift) {
  const Transformed weights(kernels, weight, false);
  at::Tensor output = emptyImages(input, weights.channels.outputs);
  Convolution all = jobOf(input, weights, output);
  all.scale = scale;
  all.shift = shift;
  const int64_t strips = Strips(all.images).count;
  const size_t scratch = scratchFloats(all.images, all.channels);
  PartSums sums(strips, all.channels.outputs);
  inParts(strips, [&](Part part) {
    Convolution job = all;
    job.sums = sums.of(part);
    kernels.convolve(job, part, Workspace(scratch).data());
  });
  return {output, sums.total()};
}

at::Tensor forwardNormalized(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight,
                             const FoldedNorm& norm, const at::Tensor& shortcut, bool relu) {
  const Transformed weights(kernels, weight, false);
  at::Tensor output = emptyImages(input, weights.channels.outputs);
  Convolution job = jobOf(input, weights, output);
  job.outputScale = data(norm.scale());
  job.outputShift = data(norm.shift());
  job.shortcut = shortcut.defined() ? data(shortcut) : nullptr;
  job.relu = relu;
  run(kernels, job);
  return output;
}

Gradients backward(const Kernels& kernels, Backward all, const at::Tensor& input, const at::Tensor& weight,
                   bool summed) {
  const Transformed rotated(kernels, weight, true);
  at::Tensor inputGradient = emptyImages(input, input.size(1));
  all.images = imagesOf(input);
  all.channels = channelsOf(weight);
  all.input = data(input);
  all.transformed = rotated.data();
  all.inputGradient = inputGradient.mutable_data_ptr<float>();
  const int64_t strips = Strips(all.images).count;
  const size_t scratch = scratchFloats(all.images, all.channels);
  const WeightSums weightSums(partsOf(strips), weight);
  PartSums sums(strips, all.channels.inputs);
  inParts(strips, [&](Part part) {
    Backward job = all;
    job.weightSum = weightSums.of(part);
    job.sums = summed ? sums.of(part) : nullptr;
    kernels.backward(job, part, Workspace(scratch).data());
  });
  return {inputGradient, weightSums.end(kernels, weight), sums.total()};
}

}  // namespace lt::kernels
