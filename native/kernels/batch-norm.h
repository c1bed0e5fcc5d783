// Batch norm in training as a scale and a shift by channel, and its gradient as three factors by channel, so
// that the convolution beside it can apply both. Ioffe and Szegedy, ICML 2015.
#pragma once
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "kernels/winograd.h"

namespace lt::kernels {

// The tensors [C] and numbers of a batch norm layer.
struct Norm {
  at::Tensor weight, bias, runningMean, runningVar;
  double momentum, eps;
  // The process group whose images make up one batch; none for this process's images alone.
  std::optional<int64_t> group;
};

// Two sums for each channel, [2][C], over the `count` values of the norm's batch.
struct NormSums {
  // Takes the sums over this process's values. With a group, it waits for the other processes and adds
  // theirs.
  NormSums(std::vector<double> own, int64_t count, std::optional<int64_t> group);

  std::vector<double> values;
  double count;
};

// A batch norm with the statistics of one batch, as rows of one tensor [4, C], so that autograd can keep it.
class NormStatistics {
 public:
  // Takes the sums and the sums of squares of more than one value. Moves the running statistics as PyTorch
  // does: by `momentum` toward the mean and the unbiased variance.
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

// A batch norm in evaluation: with its running statistics it is scale·x + shift for each channel.
class FoldedNorm {
 public:
  explicit FoldedNorm(const Norm& norm);

  const at::Tensor& scale() const { return scale_; }
  const at::Tensor& shift() const { return shift_; }

 private:
  at::Tensor scale_, shift_;  // [C]
};

// The size of a norm's batch and the processes that share it, as its gradients need them.
struct NormBatch {
  double count;  // of all its values
  std::optional<int64_t> group;
};

// Gradients of a norm from the sums of g and g·(x − mean) over this process's values, g being its output's
// gradient. Those of the weight and the bias cover this process's images; that of the input takes the whole
// batch into account.
class NormGradients {
 public:
  NormGradients(const std::vector<double>& sums, const NormBatch& batch, const NormStatistics& statistics,
                const at::Tensor& weight);

  // Returns the input's gradient, a·g + b·x + c.
  NormGradient ofInput(const at::Tensor& gradient, const at::Tensor& input) const;

  at::Tensor weight, bias;

 private:
  std::vector<float> factors_;  // [3][C]
};

}  // namespace lt::kernels
