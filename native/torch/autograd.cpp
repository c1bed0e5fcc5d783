// Reverse-mode differentiation: libtorch's own engine.
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "common/addon.h"
#include "common/tensors.h"

namespace lt {
namespace {

// backward(tensors, gradients | null, retainGraph): gradients of scalars may be left out.
napi_value backward(napi_env env, size_t, napi_value* argv) {
  const auto gradients = isNil(env, argv[1]) ? std::vector<at::Tensor>{} : toTensors(env, argv[1]);
  torch::autograd::backward(toTensors(env, argv[0]), gradients, toBool(env, argv[2]));
  return undefined(env);
}

// grad(outputs, inputs, outputGradients | null, retainGraph, createGraph, allowUnused) → gradients, null
// where unused
napi_value grad(napi_env env, size_t, napi_value* argv) {
  const auto outputGradients = isNil(env, argv[2]) ? std::vector<at::Tensor>{} : toTensors(env, argv[2]);
  const auto gradients =
      torch::autograd::grad(toTensors(env, argv[0]), toTensors(env, argv[1]), outputGradients,
                            toBool(env, argv[3]), toBool(env, argv[4]), toBool(env, argv[5]));
  const napi_value result = array(env, gradients.size());
  for (uint32_t i = 0; i < gradients.size(); i++) set(env, result, i, fromTensor(env, gradients[i]));
  return result;
}

napi_value setRequiresGrad(napi_env env, size_t, napi_value* argv) {
  toTensor(env, argv[0]).requires_grad_(toBool(env, argv[1]));
  return undefined(env);
}

napi_value gradient(napi_env env, size_t, napi_value* argv) {
  return fromTensor(env, toTensor(env, argv[0]).grad());
}

// gradients(tensors) → handles, null where a tensor has none: one call for a whole model.
napi_value gradients(napi_env env, size_t, napi_value* argv) {
  const uint32_t size = length(env, argv[0]);
  const napi_value result = array(env, size);
  for (uint32_t i = 0; i < size; i++)
    set(env, result, i, fromTensor(env, toTensor(env, element(env, argv[0], i)).grad()));
  return result;
}

napi_value setGradient(napi_env env, size_t, napi_value* argv) {
  toTensor(env, argv[0]).mutable_grad() = isNil(env, argv[1]) ? at::Tensor() : toTensor(env, argv[1]);
  return undefined(env);
}

napi_value clearGradients(napi_env env, size_t, napi_value* argv) {
  const uint32_t size = length(env, argv[0]);
  for (uint32_t i = 0; i < size; i++) toTensor(env, element(env, argv[0], i)).mutable_grad() = at::Tensor();
  return undefined(env);
}

// setGradMode(on) → what it was. The mode belongs to the calling thread.
napi_value setGradMode(napi_env env, size_t, napi_value* argv) {
  const bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(toBool(env, argv[0]));
  return boolean(env, before);
}

}  // namespace

void initAutograd(napi_env env, napi_value exports) {
  def<backward, 3>(env, exports, "backward");
  def<grad, 6>(env, exports, "grad");
  def<setRequiresGrad, 2>(env, exports, "setRequiresGrad");
  def<gradient, 1>(env, exports, "gradient");
  def<gradients, 1>(env, exports, "gradients");
  def<setGradient, 2>(env, exports, "setGradient");
  def<clearGradients, 1>(env, exports, "clearGradients");
  def<setGradMode, 1>(env, exports, "setGradMode");
}

}  // namespace lt
