#include "kernels/batch-norm.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>

namespace lt::kernels {

NormStatistics::NormStatistics(const std::vector<double>& sums, int64_t count, const Norm& norm)
    : rows_(at::empty({4, norm.weight.size(0)}, norm.weight.options())) {
  const int64_t channels = rows_.size(1);
  const float *weight = norm.weight.const_data_ptr<float>(), *bias = norm.bias.const_data_ptr<float>();
  float *runningMean = norm.runningMean.mutable_data_ptr<float>(), *runningVar = norm.runningVar.mutable_data_ptr<float>();
  float* rows = rows_.mutable_data_ptr<float>();
  const auto n = static_cast<double>(count);
  for (int64_t c = 0; c < channels; c++) {
    const double mean = sums[c] / n, variance = std::max(0., sums[channels + c] / n - mean * mean), inverse = 1 / std::sqrt(variance + norm.eps);
    rows[c] = static_cast<float>(mean);
    rows[channels + c] = static_cast<float>(inverse);
    rows[2 * channels + c] = static_cast<float>(weight[c] * inverse);
    rows[3 * channels + c] = static_cast<float>(bias[c] - mean * weight[c] * inverse);
    runningMean[c] = static_cast<float>(runningMean[c] + norm.momentum * (mean - runningMean[c]));
    runningVar[c] = static_cast<float>(runningVar[c] + norm.momentum * (variance * n / (n - 1) - runningVar[c]));
  }
}

FoldedNorm::FoldedNorm(const Norm& norm) : scale_(at::empty_like(norm.weight)), shift_(at::empty_like(norm.weight)) {
  const float *weight = norm.weight.const_data_ptr<float>(), *bias = norm.bias.const_data_ptr<float>();
  const float *mean = norm.runningMean.const_data_ptr<float>(), *variance = norm.runningVar.const_data_ptr<float>();
  float *scale = scale_.mutable_data_ptr<float>(), *shift = shift_.mutable_data_ptr<float>();
  for (int64_t c = 0; c < scale_.size(0); c++) {
    const double factor = weight[c] / std::sqrt(variance[c] + norm.eps);
    scale[c] = static_cast<float>(factor);
    shift[c] = static_cast<float>(bias[c] - mean[c] * factor);
  }
}

NormGradients::NormGradients(const std::vector<double>& sums, int64_t count, const NormStatistics& statistics, const at::Tensor& normWeight)
    : weight(at::empty_like(normWeight)), bias(at::empty_like(normWeight)), factors_(3 * normWeight.size(0)) {
  const int64_t channels = normWeight.size(0);
  const float* gamma = normWeight.const_data_ptr<float>();
  float *ofWeight = weight.mutable_data_ptr<float>(), *ofBias = bias.mutable_data_ptr<float>();
  const auto n = static_cast<double>(count);
  for (int64_t c = 0; c < channels; c++) {
    const double inverse = statistics.inverse()[c], scale = gamma[c] * inverse, sum = sums[c], product = inverse * sums[channels + c];
    ofBias[c] = static_cast<float>(sum);
    ofWeight[c] = static_cast<float>(product);
    const double slope = -scale * inverse * product / n;
    factors_[c] = static_cast<float>(scale);
    factors_[channels + c] = static_cast<float>(slope);
    factors_[2 * channels + c] = static_cast<float>(-scale * sum / n - slope * statistics.mean()[c]);
  }
}

NormGradient NormGradients::ofInput(const at::Tensor& gradient, const at::Tensor& input) const {
  const float* factors = factors_.data();
  const int64_t channels = weight.size(0);
  return {gradient.const_data_ptr<float>(), input.const_data_ptr<float>(), factors, factors + channels, factors + 2 * channels};
}

}  // namespace lt::kernels
