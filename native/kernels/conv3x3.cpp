#include "kernels/conv3x3.h"

#include <ATen/ops/empty_like.h>

#include "kernels/parallel.h"
#include "kernels/workspace.h"

namespace lt::kernels {
namespace {

// Transformed weights of a convolution, or, `rotated`, of its data gradient.
class TransformedWeights {
 public:
  TransformedWeights(const Kernels& kernels, const at::Tensor& weight, bool rotated)
      : channels(rotated ? turned(channelsOf(weight)) : channelsOf(weight)),
        memory_(static_cast<size_t>(transformedSize(channels))) {
    const WeightTransform job{channels, kernels::data(weight), stridesOf(weight), rotated, memory_.data()};
    parallelFor(Chunks(channels.inputs), [&](Chunk chunk) { kernels.transformWeights(job, chunk); });
  }

  const float* data() const { return memory_.data(); }
  const Channels channels;

 private:
  static Channels turned(const Channels& channels) { return {channels.outputs, channels.inputs}; }
  const Workspace memory_;
};

// Chunks of strips, of at least two blocks: clearing and adding up a chunk's weight gradient costs about as
// much as the products of three tiles.
Chunks chunksOf(const Images& images) {
  const Strips strips(images);
  return Chunks(strips.count, 2 * kBlockTiles / strips.longest);
}

Convolution jobOf(const at::Tensor& input, const TransformedWeights& weights, at::Tensor& output) {
  return {imagesOf(input), weights.channels, data(input), weights.data(), output.mutable_data_ptr<float>()};
}

void run(const Kernels& kernels, const Convolution& job) {
  const size_t scratch = scratchFloats(job.images, job.channels);
  parallelFor(chunksOf(job.images),
              [&](Chunk chunk) { kernels.convolve(job, chunk, Workspace(scratch).data()); });
}

at::Tensor convolve(const Kernels& kernels, const at::Tensor& input, const TransformedWeights& weights) {
  at::Tensor output = emptyImages(input, weights.channels.outputs);
  run(kernels, jobOf(input, weights, output));
  return output;
}

// The sums of a weight's gradient, one from each chunk, and their total.
class WeightSums {
 public:
  WeightSums(const Chunks& chunks, const at::Tensor& weight)
      : channels_(channelsOf(weight)),
        chunks_(chunks.count),
        memory_(static_cast<size_t>(chunks_ * transformedSize(channels_))) {}

  float* of(Chunk chunk) const { return memory_.data() + chunk.index * transformedSize(channels_); }

  at::Tensor end(const Kernels& kernels, const at::Tensor& weight) const {
    at::Tensor result = at::empty_like(weight);
    const WeightGradientEnd job{channels_, memory_.data(), chunks_, result.mutable_data_ptr<float>(),
                                stridesOf(result)};
    parallelFor(Chunks(channels_.inputs), [&](Chunk chunk) { kernels.endWeightGradient(job, chunk); });
    return result;
  }

 private:
  const Channels channels_;
  const int64_t chunks_;
  const Workspace memory_;
};

}  // namespace

at::Tensor forward(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight) {
  return convolve(kernels, input, TransformedWeights(kernels, weight, false));
}

at::Tensor inputGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& weight) {
  return convolve(kernels, gradient, TransformedWeights(kernels, weight, true));
}

at::Tensor weightGradient(const Kernels& kernels, const at::Tensor& gradient, const at::Tensor& input,
                          const at::Tensor& weight) {
  const Images images = imagesOf(input);
  const Channels channels = channelsOf(weight);
  const Chunks chunks = chunksOf(images);
  const size_t scratch = scratchFloats(images, channels);
  const WeightSums sums(chunks, weight);
  parallelFor(chunks, [&](Chunk chunk) {
    kernels.sumWeightGradient({images, channels, data(input), data(gradient), sums.of(chunk)}, chunk,
                              Workspace(scratch).data());
  });
  return sums.end(kernels, weight);
}

OutputSums forwardSummed(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight,
                         const float* scale, const float* shift) {
  const TransformedWeights weights(kernels, weight, false);
  at::Tensor output = emptyImages(input, weights.channels.outputs);
  Convolution all = jobOf(input, weights, output);
  all.scale = scale;
  all.shift = shift;
  const Chunks chunks = chunksOf(all.images);
  const size_t scratch = scratchFloats(all.images, all.channels);
  ChunkSums sums(chunks, all.channels.outputs);
  parallelFor(chunks, [&](Chunk chunk) {
    Convolution job = all;
    job.sums = sums.of(chunk);
    kernels.convolve(job, chunk, Workspace(scratch).data());
  });
  return {output, sums.total()};
}

at::Tensor forwardNormalized(const Kernels& kernels, const at::Tensor& input, const at::Tensor& weight,
                             const FoldedNorm& norm, const at::Tensor& shortcut, bool relu) {
  const TransformedWeights weights(kernels, weight, false);
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
  const TransformedWeights rotated(kernels, weight, true);
  at::Tensor inputGradient = emptyImages(input, input.size(1));
  all.images = imagesOf(input);
  all.channels = channelsOf(weight);
  all.input = data(input);
  all.transformed = rotated.data();
  all.inputGradient = inputGradient.mutable_data_ptr<float>();
  const Chunks chunks = chunksOf(all.images);
  const size_t scratch = scratchFloats(all.images, all.channels);
  const WeightSums weightSums(chunks, weight);
  ChunkSums sums(chunks, all.channels.inputs);
  parallelFor(chunks, [&](Chunk chunk) {
    Backward job = all;
    job.weightSum = weightSums.of(chunk);
    job.sums = summed ? sums.of(chunk) : nullptr;
    kernels.backward(job, chunk, Workspace(scratch).data());
  });
  return {inputGradient, weightSums.end(kernels, weight), sums.total()};
}

}  // namespace lt::kernels
