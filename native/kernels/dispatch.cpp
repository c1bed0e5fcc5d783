#include "kernels/dispatch.h"

#include <ATen/autocast_mode.h>

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

void setUse(Use use) { inUse = use; }
Use use() { return inUse; }

}  // namespace lt::kernels
