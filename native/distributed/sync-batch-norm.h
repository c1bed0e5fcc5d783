// Batch norm over the images of all processes of a group.
#pragma once
#include <ATen/core/Tensor.h>

namespace lt::distributed {

// What one process's sums over its images, float64 [n], become: those over the images of all processes, the
// same bits in each. For few numbers: batch norm's.
void sumOverProcesses(int64_t group, at::Tensor& sums);

// x [N, C, …], in training; the statistics move as those of batch norm do. With autograd.
at::Tensor syncBatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         const at::Tensor& runningMean, const at::Tensor& runningVariance, double momentum,
                         double eps, int64_t group);

}  // namespace lt::distributed
