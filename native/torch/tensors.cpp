// Tensors from and to JavaScript's memory, their properties, and their release.
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/DeviceType.h>

#include <cstring>

#include "common/addon.h"
#include "common/tensors.h"
#include "torch/dtypes.h"

namespace lt {
namespace {

void checkSize(const Bytes& buffer, const std::vector<int64_t>& shape, c10::ScalarType type) {
  int64_t elements = 1;
  for (const auto size : shape) elements *= size;
  const size_t needed = static_cast<size_t>(elements) * c10::elementSize(type);
  if (buffer.size != needed)
    throw JsError("TYPE", "the shape needs " + std::to_string(needed) + " bytes, the buffer holds " +
                              std::to_string(buffer.size));
}

// References of buffers whose tensors are gone can be deleted on their own thread only.
void sweep(napi_env env) {
  std::vector<napi_ref> released;
  {
    Instance& self = instance(env);
    std::lock_guard<std::mutex> lock(self.mutex);
    released.swap(self.released);
  }
  for (const auto reference : released) napi_delete_reference(env, reference);
}

// copyIn(typedArray, shape, dtype) → a tensor with a copy of the data.
napi_value copyIn(napi_env env, size_t, napi_value* argv) {
  const Bytes buffer = bytes(env, argv[0]);
  const auto shape = toInts(env, argv[1]);
  const auto type = dtypeOf(toStr(env, argv[2]));
  checkSize(buffer, shape, type);
  auto tensor = at::empty(shape, at::TensorOptions().dtype(type));
  if (buffer.size) std::memcpy(tensor.data_ptr(), buffer.data, buffer.size);
  return fromTensor(env, std::move(tensor));
}

// borrow(typedArray, shape, dtype) → a tensor on the array's own memory, which is kept alive as long as the
// tensor.
napi_value borrow(napi_env env, size_t, napi_value* argv) {
  const Bytes buffer = bytes(env, argv[0]);
  const auto shape = toInts(env, argv[1]);
  const auto type = dtypeOf(toStr(env, argv[2]));
  checkSize(buffer, shape, type);
  napi_ref reference;
  check(env, napi_create_reference(env, argv[0], 1, &reference), "napi_create_reference");
  Instance* self = &instance(env);
  auto release = [self, reference](void*) {
    std::lock_guard<std::mutex> lock(self->mutex);
    self->released.push_back(reference);
  };
  return fromTensor(env, at::from_blob(buffer.data, shape, release, at::TensorOptions().dtype(type)));
}

// copyOut(tensor, typedArray): row-major elements.
napi_value copyOut(napi_env env, size_t, napi_value* argv) {
  const auto tensor = toTensor(env, argv[0]).detach().cpu().contiguous();
  const Bytes buffer = bytes(env, argv[1]);
  if (buffer.size != tensor.nbytes())
    throw JsError("TYPE", "the tensor has " + std::to_string(tensor.nbytes()) + " bytes, the buffer " +
                              std::to_string(buffer.size));
  if (buffer.size) std::memcpy(buffer.data, tensor.data_ptr(), buffer.size);
  return undefined(env);
}

napi_value shape(napi_env env, size_t, napi_value* argv) {
  const auto& tensor = toTensor(env, argv[0]);
  const napi_value result = array(env, tensor.dim());
  for (int64_t i = 0; i < tensor.dim(); i++)
    set(env, result, static_cast<uint32_t>(i), num(env, static_cast<double>(tensor.size(i))));
  return result;
}

napi_value dtype(napi_env env, size_t, napi_value* argv) {
  return str(env, dtypeName(toTensor(env, argv[0]).scalar_type()));
}
napi_value device(napi_env env, size_t, napi_value* argv) {
  return str(env, toTensor(env, argv[0]).device().str());
}
napi_value elements(napi_env env, size_t, napi_value* argv) {
  return num(env, static_cast<double>(toTensor(env, argv[0]).numel()));
}
napi_value requiresGrad(napi_env env, size_t, napi_value* argv) {
  return boolean(env, toTensor(env, argv[0]).requires_grad());
}
napi_value isLeaf(napi_env env, size_t, napi_value* argv) {
  return boolean(env, toTensor(env, argv[0]).is_leaf());
}

napi_value isChannelsLast(napi_env env, size_t, napi_value* argv) {
  return boolean(env, toTensor(env, argv[0]).is_contiguous(at::MemoryFormat::ChannelsLast));
}

napi_value item(napi_env env, size_t, napi_value* argv) {
  const auto& tensor = toTensor(env, argv[0]);
  if (tensor.numel() != 1)
    throw JsError("TYPE", "item: expected a tensor of one element, received " +
                              std::to_string(tensor.numel()) + " elements");
  return num(env, tensor.item().toDouble());
}

// release(Float64Array of handles, count)
napi_value release(napi_env env, size_t, napi_value* argv) {
  const Bytes handles = bytes(env, argv[0]);
  const auto count = static_cast<size_t>(toInt(env, argv[1]));
  table::release(static_cast<const double*>(handles.data), std::min(count, handles.size / sizeof(double)));
  sweep(env);
  return undefined(env);
}

napi_value isAlive(napi_env env, size_t, napi_value* argv) {
  return boolean(env, table::contains(static_cast<table::Handle>(toDouble(env, argv[0]))));
}
napi_value liveTensors(napi_env env, size_t, napi_value*) {
  return num(env, static_cast<double>(table::live()));
}

}  // namespace

void initTensors(napi_env env, napi_value exports) {
  def<copyIn, 3>(env, exports, "copyIn");
  def<borrow, 3>(env, exports, "borrow");
  def<copyOut, 2>(env, exports, "copyOut");
  def<shape, 1>(env, exports, "shape");
  def<dtype, 1>(env, exports, "dtype");
  def<device, 1>(env, exports, "device");
  def<elements, 1>(env, exports, "elements");
  def<requiresGrad, 1>(env, exports, "requiresGrad");
  def<isLeaf, 1>(env, exports, "isLeaf");
  def<isChannelsLast, 1>(env, exports, "isChannelsLast");
  def<item, 1>(env, exports, "item");
  def<release, 2>(env, exports, "release");
  def<isAlive, 1>(env, exports, "isAlive");
  def<liveTensors, 0>(env, exports, "liveTensors");
}

}  // namespace lt
