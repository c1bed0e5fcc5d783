#include "kernels/dispatch.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <atomic>

namespace lt::kernels {
namespace {

std::atomic<Use> inUse{Use::Own};

bool areImages(const at::Tensor& tensor) {
  return isPlainFloat(tensor) && tensor.dim() == 4 && tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
}

// The dispatch heuristic: where Winograd was faster than libtorch's oneDNN in bench/convolution.mjs (AVX2, 2
// threads; own / libtorch in CPU time of both passes: 0.2 to 0.9 inside the rule, up to 1.2 outside).
// Transforming the weights costs about as much as 20 tiles, so that there must be more of them, and what a
// tile computes beyond the image's edge is lost. It is a rule and not a measurement at run time, because the
// same training must choose the same kernels, and so give the same bits, each time.
bool isWinogradFaster(const Images& images, const Channels& channels) {
  constexpr int64_t kMinTiles = 64, kMaxWeights = 512 * 512;  // none was measured beyond the latter
  const Strips strips(images);
  const int64_t tiles = images.count * strips.rows * strips.columns;
  const bool wellFilled = 2 * images.height * images.width >= strips.rows * strips.columns * kTile * kTile;
  return tiles >= kMinTiles && wellFilled &&
         static_cast<int64_t>(channels.inputs) * channels.outputs <= kMaxWeights;
}

// Where our 1x1 convolution was faster than oneDNN's with AVX2, on one thread, folded (own / oneDNN 0.4
// to 1.0 inside the rule, 0.9 to 1.1 outside). The rule knows nothing of the number of images, so that an
// image has the same bits in every batch.
bool isPointwiseFaster(const Images& images, const Channels& channels) {
  const int64_t pixels = images.height * images.width,
                weights = static_cast<int64_t>(channels.inputs) * channels.outputs;
  return channels.inputs <= 32 || pixels <= 64 || (pixels <= 28 * 28 && weights <= 128 * 1024);
}

// The same for depthwise convolutions, where images come from the caches (0.3 to 0.7; outside 1.1 to 1.7).
bool isDepthwiseFaster(const Images& images, int64_t channels) {
  constexpr int64_t kMaxFloats = 128 * 1024;
  return images.height * images.width * channels <= kMaxFloats;
}

}  // namespace

bool isPlainFloat(const at::Tensor& tensor) {
  return use() != Use::Libtorch && tensor.device().is_cpu() && tensor.layout() == at::kStrided &&
         tensor.scalar_type() == at::kFloat && !at::autocast::is_autocast_enabled(at::kCPU);
}

const Kernels* normKernels(const at::Tensor& input) {
  if (!areImages(input) || input.numel() <= input.size(1)) return nullptr;  // one value has no variance
  const int channels = static_cast<int>(input.size(1));
  return channels <= kMaxNormChannels ? kernelsFor({channels, channels}) : nullptr;
}

const Kernels* convolutionKernels(const at::Tensor& input, const at::Tensor& weight) {
  if (!areImages(input) || !isPlainFloat(weight) || weight.dim() != 4) return nullptr;
  if (weight.size(2) != 3 || weight.size(3) != 3 || weight.size(1) != input.size(1)) return nullptr;
  const Images images{input.size(0), input.size(2), input.size(3)};
  const Channels channels{static_cast<int>(weight.size(1)), static_cast<int>(weight.size(0))};
  if (images.count == 0 || images.height == 0 || images.width == 0) return nullptr;
  return use() == Use::Always || isWinogradFaster(images, channels) ? kernelsFor(channels) : nullptr;
}

bool isPointwise(const at::Tensor& weight, const Geometry& geometry) {
  const auto all = [](at::IntArrayRef values, int64_t value) {
    return std::all_of(values.begin(), values.end(), [&](int64_t one) { return one == value; });
  };
  return weight.size(2) == 1 && weight.size(3) == 1 && all(geometry.stride, 1) && all(geometry.padding, 0) &&
         geometry.groups == 1;
}

const Kernels* pointwiseKernels(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry) {
  if (!areImages(input) || input.numel() == 0 || !isPlainFloat(weight)) return nullptr;
  if (!isPointwise(weight, geometry)) return nullptr;
  const Images images{input.size(0), input.size(2), input.size(3)};
  const Channels channels{static_cast<int>(weight.size(1)), static_cast<int>(weight.size(0))};
  return use() == Use::Always || isPointwiseFaster(images, channels) ? kernelsFor({0, 0}) : nullptr;
}

// Few channels are those of photographs, where ours took 0.64 (3x3, stride 2, 32 outputs), 0.81 (7x7, stride
// 2, 64 outputs) and 0.84 (3x3, 16 outputs) of libtorch's time with AVX2 and two threads.
const Kernels* im2colKernels(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry) {
  constexpr int64_t kFewChannels = 4;
  if (!areImages(input) || input.numel() == 0 || !isPlainFloat(weight)) return nullptr;
  return geometry.groups == 1 && weight.size(1) <= kFewChannels ? kernelsFor({0, 0}) : nullptr;
}

const Kernels* depthwiseKernels(const at::Tensor& input, const at::Tensor& weight, const Geometry& geometry) {
  const int64_t channels = weight.size(0);
  if (geometry.groups != channels || weight.size(1) != 1 || input.size(1) != channels) return nullptr;
  const Images images{input.size(0), input.size(2), input.size(3)};
  return use() == Use::Always || isDepthwiseFaster(images, channels) ? blockKernels(input, weight) : nullptr;
}

const Kernels* blockKernels(const at::Tensor& input, const at::Tensor& depthwise) {
  const int channels = static_cast<int>(depthwise.size(0));
  return areImages(input) && input.numel() > 0 && isPlainFloat(depthwise) ? kernelsFor({channels, channels})
                                                                          : nullptr;
}

void setUse(Use use) { inUse = use; }
Use use() { return inUse; }

}  // namespace lt::kernels
