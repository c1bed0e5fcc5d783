// Tensors between JavaScript, which holds their numbers, and C++.
#pragma once
#include <ATen/core/Tensor.h>

#include "common/napi.h"
#include "common/table.h"

namespace lt {

const at::Tensor& toTensor(napi_env env, napi_value value);
std::vector<at::Tensor> toTensors(napi_env env, napi_value array);  // 0 and null become undefined tensors

// Registers the tensor and returns its handle; null for an undefined one.
napi_value fromTensor(napi_env env, at::Tensor tensor);

// Throws errors of libtorch and of the table of tensors in JavaScript, each as one of its kind.
bool translateTorchErrors(napi_env env);

}  // namespace lt
