// Batch norm over the images of all processes of a group.
#pragma once
#include <ATen/core/Tensor.h>

namespace lt::distributed {

// Replaces a process's sums over its images, float64 [n], by those over the images of all processes, the same
// bits in each. Meant for few numbers, such as those of batch norm.
void sumOverProcesses(int64_t group, at::Tensor& sums);

// Throws for a batch norm in training over so few values a channel, of all processes that share it: one value
// has no variance. `input` is the size of this process's input.
void requireVariance(double valuesPerChannel, at::IntArrayRef input);

// Normalizes x [N, C, …] in training, with autograd; the running statistics move as those of batch norm do.
at::Tensor syncBatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         const at::Tensor& runningMean, const at::Tensor& runningVariance, double momentum,
                         double eps, int64_t group);

// Defines syncBatchNorm as longtail::sync_batch_norm, once, however many JavaScript environments load the
// addon.
void defineSyncBatchNorm();

}  // namespace lt::distributed
