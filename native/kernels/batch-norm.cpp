#include "kernels/batch-norm.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cmath>

#include "distributed/sync-batch-norm.h"

namespace lt::kernels {
namespace {

void sumOverProcesses(int64_t group, std::vector<double>& sums) {
  at::Tensor tensor = at::from_blob(sums.data(), {static_cast<int64_t>(sums.size())}, at::kDouble);
  distributed::sumOverProcesses(group, tensor);
}

}  // namespace

NormSums::NormSums(std::vector<double> own, int64_t ownCount, std::optional<int64_t> group)
    : values(std::move(own)), count(static_cast<double>(ownCount)) {
  if (!group) return;
  values.push_back(count);
  sumOverProcesses(*group, values);
  count = values.back();
  values.pop_back();
}

NormStatistics::NormStatistics(const NormSums& sums, const Norm& norm)
    : rows_(at::empty({4, norm.weight.size(0)}, norm.weight.options())) {
  const int64_t channels = rows_.size(1);
  const float *weight = norm.weight.const_data_ptr<float>(), *bias = norm.bias.const_data_ptr<float>();
  float *runningMean = norm.runningMean.mutable_data_ptr<float>(),
        *runningVar = norm.runningVar.mutable_data_ptr<float>();
  float* rows = rows_.mutable_data_ptr<float>();
  const double n = sums.count;
  for (int64_t c = 0; c < channels; c++) {
    const double mean = sums.values[c] / n,
                 variance = std::max(0., sums.values[channels + c] / n - mean * mean),
                 inverse = 1 / std::sqrt(variance + norm.eps);
    rows[c] = static_cast<float>(mean);
    rows[channels + c] = static_cast<float>(inverse);
    rows[2 * channels + c] = static_cast<float>(weight[c] * inverse);
    rows[3 * channels + c] = static_cast<float>(bias[c] - mean * weight[c] * inverse);
    runningMean[c] = static_cast<float>(runningMean[c] + norm.momentum * (mean - runningMean[c]));
    runningVar[c] =
        static_cast<float>(runningVar[c] + norm.momentum * (variance * n / (n - 1) - runningVar[c]));
  }
}

FoldedNorm::FoldedNorm(const Norm& norm)
    : scale_(at::empty_like(norm.weight)), shift_(at::empty_like(norm.weight)) {
  const float *weight = norm.weight.const_data_ptr<float>(), *bias = norm.bias.const_data_ptr<float>();
  const float *mean = norm.runningMean.const_data_ptr<float>(),
              *variance = norm.runningVar.const_data_ptr<float>();
  float *scale = scale_.mutable_data_ptr<float>(), *shift = shift_.mutable_data_ptr<float>();
  for (int64_t c = 0; c < scale_.size(0); c++) {
    const double factor = weight[c] / std::sqrt(variance[c] + norm.eps);
    scale[c] = static_cast<float>(factor);
    shift[c] = static_cast<float>(bias[c] - mean[c] * factor);
  }
}

NormGradients::NormGradients(const std::vector<double>& sums, const NormBatch& batch,
                             const NormStatistics& statistics, const at::Tensor& normWeight)
    : weight(at::empty_like(normWeight)), bias(at::empty_like(normWeight)), factors_(3 * normWeight.size(0)) {
  const int64_t channels = normWeight.size(0);
  const float* gamma = normWeight.const_data_ptr<float>();
  float *ofWeight = weight.mutable_data_ptr<float>(), *ofBias = bias.mutable_data_ptr<float>();
  std::vector<double> all = sums;
  if (batch.group) sumOverProcesses(*batch.group, all);
  for (int64_t c = 0; c < channels; c++) {
    const double inverse = statistics.inverse()[c], scale = gamma[c] * inverse;
    ofBias[c] = static_cast<float>(sums[c]);
    ofWeight[c] = static_cast<float>(inverse * sums[channels + c]);
    const double slope = -scale * inverse * inverse * all[channels + c] / batch.count;
    factors_[c] = static_cast<float>(scale);
    factors_[channels + c] = static_cast<float>(slope);
    factors_[2 * channels + c] =
        static_cast<float>(-scale * all[c] / batch.count - slope * statistics.mean()[c]);
  }
}

NormGradient NormGradients::ofInput(const at::Tensor& gradient, const at::Tensor& input) const {
  const float* factors = factors_.data();
  const int64_t channels = weight.size(0);
  return {gradient.const_data_ptr<float>(), input.const_data_ptr<float>(), factors, factors + channels,
          factors + 2 * channels};
}

}  // namespace lt::kernels
