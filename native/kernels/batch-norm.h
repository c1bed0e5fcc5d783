// Batch norm in training as a scale and a shift by channel, and its gradient as three factors by channel, so
// that both can be taken on by the convolution beside it. Ioffe and Szegedy, ICML 2015.
#pragma once
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "kernels/winograd.h"

namespace lt::kernels {

// A layer's tensors [C] and numbers.
struct Norm {
  at::Tensor weight, bias, runningMean, runningVar;
  double momentum, eps;
  std::optional<int64_t>
      group;  // of processes, whose images are one batch; none: this process's images alone
};

// Two sums for each channel, [2][C], over `count` values: those of the norm's batch.
struct NormSums {
  // From the sums over this process's values. With a group it waits for the other processes.
  NormSums(std::vector<double> own, int64_t count, std::optional<int64_t> group);

  std::vector<double> values;
  double count;
};

// What one batch makes of it; rows of one tensor [4, C], so that autograd can keep it.
class NormStatistics {
 public:
  // From the sums and the sums of squares. Moves the running statistics as PyTorch does: by `momentum`
  // towards the mean and the unbiased variance. More than one value.
  NormStatistics(const NormSums& sums, const Norm& norm);
  explicit NormStatistics(at::Tensor rows) : rows_(std::move(rows)) {}

  const at::Tensor& rows() const { return rows_; }
  const float* mean() const { return row(0); }
  const float* inverse() const { return row(1); }  // 1 / standard deviation
  const float* scale() const { return row(2); }
  const float* shift() const { return row(3); }

 private:
  const float* row(int64_t index) const { return rows_.const_data_ptr<float>() + index * rows_.size(1); }
  at::Tensor rows_;
};

// In evaluation: with its running statistics, a norm is scale·x + shift for each channel.
class FoldedNorm {
 public:
  explicit FoldedNorm(const Norm& norm);

  const at::Tensor& scale() const { return scale_; }
  const at::Tensor& shift() const { return shift_; }

 private:
  at::Tensor scale_, shift_;  // [C]
};

// The batch of a norm, as its gradients need it.
struct NormBatch {
  double count;  // of all its values
  std::optional<int64_t> group;
};

// Gradients of a norm from the sums of g and g·(x − mean) over this process's values, g being its output's
// gradient. The weight's and the bias's are this process's part; the input's is of the whole batch.
class NormGradients {
 public:
  NormGradients(const std::vector<double>& sums, const NormBatch& batch, const NormStatistics& statistics,
                const at::Tensor& weight);

  // The input's: a·g + b·x + c
  NormGradient ofInput(const at::Tensor& gradient, const at::Tensor& input) const;

  at::Tensor weight, bias;

 private:
  std::vector<float> factors_;  // [3][C]
};

}  // namespace lt::kernels
