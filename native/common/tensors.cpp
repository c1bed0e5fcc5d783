#include "common/tensors.h"

#include <c10/util/Exception.h>

namespace lt {

const at::Tensor& toTensor(napi_env env, napi_value value) {
  double handle;
  if (napi_get_value_double(env, value, &handle) != napi_ok) expected(env, value, "a tensor");
  return table::get(static_cast<table::Handle>(handle));
}

std::vector<at::Tensor> toTensors(napi_env env, napi_value array) {
  const uint32_t size = length(env, array);
  std::vector<at::Tensor> result;
  result.reserve(size);
  for (uint32_t i = 0; i < size; i++) {
    double handle = 0;
    const bool isNumber = napi_get_value_double(env, element(env, array, i), &handle) == napi_ok;
    result.push_back(isNumber && handle != 0 ? table::get(static_cast<table::Handle>(handle)) : at::Tensor());
  }
  return result;
}

napi_value fromTensor(napi_env env, at::Tensor tensor) {
  if (!tensor.defined()) return null(env);
  return num(env, static_cast<double>(table::put(std::move(tensor))));
}

bool translateTorchErrors(napi_env env) {
  try {
    throw;
  } catch (const FreedTensor& e) {
    throwInJs(env, "FREED", e.what());
    return true;
  } catch (const c10::Error& e) {
    throwInJs(env, "TORCH", firstLine(e.what_without_backtrace()));
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace lt
