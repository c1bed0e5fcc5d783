#include "kernels/choice.h"

#include <ATen/autocast_mode.h>

#include <atomic>

namespace lt::kernels {
namespace {

std::atomic<Use> inUse{Use::Own};

bool areImages(const at::Tensor& tensor) {
  return isPlainFloat(tensor) && tensor.dim() == 4 && tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
}

// Where Winograd was faster than libtorch's oneDNN in bench/convolution.mjs (AVX2, 2 threads; own / libtorch
// in CPU time of both passes: 0.2 to 0.9 inside the rule, up to 1.2 outside). Transforming the weights costs
// about as much as 20 tiles, so that there must be more of them, and what a tile computes beyond the image's
// edge is lost. A rule and not a measurement at run time: the same training must choose the same kernels, and
// so give the same bits, each time.
bool pays(const Images& images, const Channels& channels) {
  constexpr int64_t kLeastTiles = 64, kMostWeights = 512 * 512;  // none was measured beyond the latter
  const Strips strips(images);
  const int64_t tiles = images.count * strips.rows * strips.columns;
  const bool wellFilled = 2 * images.height * images.width >= strips.rows * strips.columns * kTile * kTile;
  return tiles >= kLeastTiles && wellFilled &&
         static_cast<int64_t>(channels.inputs) * channels.outputs <= kMostWeights;
}

}  // namespace

bool isPlainFloat(const at::Tensor& tensor) {
  return use() != Use::Libtorch && tensor.device().is_cpu() && tensor.layout() == at::kStrided &&
         tensor.scalar_type() == at::kFloat && !at::autocast::is_autocast_enabled(at::kCPU);
}

const Kernels* chooseForPixels(const at::Tensor& input) {
  if (!areImages(input) || input.numel() <= input.size(1)) return nullptr;  // one value has no variance
  const int channels = static_cast<int>(input.size(1));
  return channels <= kMostNormChannels ? kernelsFor({channels, channels}) : nullptr;
}

const Kernels* choose(const at::Tensor& input, const at::Tensor& weight) {
  if (!areImages(input) || !isPlainFloat(weight) || weight.dim() != 4) return nullptr;
  if (weight.size(2) != 3 || weight.size(3) != 3 || weight.size(1) != input.size(1)) return nullptr;
  const Images images{input.size(0), input.size(2), input.size(3)};
  const Channels channels{static_cast<int>(weight.size(1)), static_cast<int>(weight.size(0))};
  if (images.count == 0 || images.height == 0 || images.width == 0) return nullptr;
  return use() == Use::Always || pays(images, channels) ? kernelsFor(channels) : nullptr;
}

void setUse(Use use) { inUse = use; }
Use use() { return inUse; }

}  // namespace lt::kernels
