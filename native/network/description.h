// What a network is made of, as it is read from a model.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/inverted-residual.h"

namespace lt::network {

// A convolution with a square kernel and batch norm folded into it. A depthwise one has one input for each
// output.
struct Convolution {
  std::span<const float> weights;  // [outputs][inputs; 1 of a depthwise one][kernel][kernel]
  std::span<const float> bias;
  int inputs, outputs;
  int kernel, stride;
  int top, left;           // zeros before the image
  int64_t height, width;   // of the output
  kernels::Range range{};  // of the outputs
};

// output = project(depthwise(widen(input))), and the input once more where `addsInput`.
struct Block {
  std::optional<Convolution> widen;  // 1x1, or the network's first convolution
  Convolution depthwise, project;
  bool addsInput;
};

// The images, the blocks, and a 1x1 convolution whose outputs' means are the features.
struct Description {
  int channels;
  int64_t height, width;
  std::vector<Block> blocks;
  Convolution head;
};

}  // namespace lt::network
