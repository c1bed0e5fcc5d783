// Transforms of weights, and of their gradients back.
#pragma once
#include "kernels/simd/product.h"
#include "kernels/simd/transforms.h"

namespace lt::kernels {

// Computes G g G' for a vector of outputs at a time.
template <class S>
void transformWeights(const WeightTransform& job, Chunk chunk) {
  using Vec = typename S::Vec;
  const auto [inputs, outputs] = job.channels;
  const auto& [outputStride, inputStride, rowStride, columnStride] = job.strides;
  const int64_t toOutput = job.rotated ? inputStride : outputStride,
                toInput = job.rotated ? outputStride : inputStride;
  const int end = static_cast<int>(inputs * (chunk.index + 1) / chunk.count);
  for (int input = static_cast<int>(inputs * chunk.index / chunk.count); input < end; input++)
    for (int output = 0; output < outputs; output += S::kWidth) {
      const float* from = job.weights + input * toInput + output * toOutput;
      Vec g[3][3], half[kWindow][3];
      for (int k = 0; k < 3; k++)
        for (int l = 0; l < 3; l++) {
          alignas(64) float gathered[S::kWidth];
          const float* at =
              from + (job.rotated ? 2 - k : k) * rowStride + (job.rotated ? 2 - l : l) * columnStride;
          for (int i = 0; i < S::kWidth; i++) gathered[i] = at[i * toOutput];
          g[k][l] = S::load(gathered);
        }
      for (int i = 0; i < kWindow; i++)
        for (int l = 0; l < 3; l++)
          half[i][l] = S::fill(kWeightTransform[i][0]) * g[0][l] + S::fill(kWeightTransform[i][1]) * g[1][l] +
                       S::fill(kWeightTransform[i][2]) * g[2][l];
      const int panel = output / kPanel<S> * kPanel<S>,
                size = outputs - panel < kPanel<S> ? S::kWidth : kPanel<S>;
      float* to = job.transformed + static_cast<int64_t>(panel) * inputs +
                  static_cast<int64_t>(input) * size + (output - panel);
      for (int i = 0; i < kWindow; i++)
        for (int j = 0; j < kWindow; j++)
          S::store(to + static_cast<int64_t>(i * kWindow + j) * inputs * outputs,
                   S::fill(kWeightTransform[j][0]) * half[i][0] +
                       S::fill(kWeightTransform[j][1]) * half[i][1] +
                       S::fill(kWeightTransform[j][2]) * half[i][2]);
    }
}

// Computes G' (sum of the chunks' sums) G.
template <class S>
void endWeightGradient(const WeightGradientEnd& job, Chunk chunk) {
  using Vec = typename S::Vec;
  const auto [inputs, outputs] = job.channels;
  const int64_t plane = static_cast<int64_t>(inputs) * outputs, size = kPlanes * plane;
  const int end = static_cast<int>(inputs * (chunk.index + 1) / chunk.count);
  for (int input = static_cast<int>(inputs * chunk.index / chunk.count); input < end; input++)
    for (int output = 0; output < outputs; output += S::kWidth) {
      Vec half[3][kWindow];
      for (auto& row : half)
        for (auto& value : row) value = S::fill(0);
      for (int i = 0; i < kWindow; i++)
        for (int j = 0; j < kWindow; j++) {
          const float* from =
              job.sums + (i * kWindow + j) * plane + static_cast<int64_t>(input) * outputs + output;
          Vec sum = S::load(from);
          for (int64_t n = 1; n < job.count; n++) sum = sum + S::load(from + n * size);
          for (int k = 0; k < 3; k++) half[k][j] = S::plus(S::fill(kWeightTransform[i][k]), sum, half[k][j]);
        }
      for (int k = 0; k < 3; k++)
        for (int l = 0; l < 3; l++) {
          Vec value = S::fill(0);
          for (int j = 0; j < kWindow; j++)
            value = S::plus(S::fill(kWeightTransform[j][l]), half[k][j], value);
          alignas(64) float values[S::kWidth];
          S::store(values, value);
          float* to = job.weights + output * job.strides.output + input * job.strides.input +
                      k * job.strides.row + l * job.strides.column;
          for (int n = 0; n < S::kWidth; n++) to[n * job.strides.output] = values[n];
        }
    }
}

}  // namespace lt::kernels
