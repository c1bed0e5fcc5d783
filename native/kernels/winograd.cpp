#include "kernels/winograd.h"

#include <algorithm>

#include "kernels/scratch.h"

namespace lt::kernels {

Strips::Strips(const Images& images)
    : rows((images.height + kTile - 1) / kTile),
      columns((images.width + kTile - 1) / kTile),
      segments((columns + kBlockTiles - 1) / kBlockTiles) {
  longest = static_cast<int>((columns + segments - 1) / segments);
  count = images.count * segments * rows;
}

Strip Strips::at(int64_t index) const {
  const int64_t segment = index / rows % segments, first = segment * columns / segments,
                end = (segment + 1) * columns / segments;
  return {index / (rows * segments), index % rows, first, static_cast<int>(end - first)};
}

size_t scratchFloats(const Images& images, const Channels& channels) {
  return Scratch::floats(Strips(images), std::max(channels.inputs, channels.outputs));
}

const Kernels* kernelsFor(const Channels& channels) {
  const auto fit = [&](const Kernels& kernels) {
    return channels.inputs % kernels.width == 0 && channels.outputs % kernels.width == 0;
  };
  if (__builtin_cpu_supports("avx512f") && fit(kAvx512)) return &kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && fit(kAvx2)) return &kAvx2;
  return nullptr;
}

}  // namespace lt::kernels
