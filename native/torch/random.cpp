// Random numbers: our counter-based stream, and libtorch's own generator with its whole state.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <numeric>

#include "common/addon.h"
#include "common/philox.h"
#include "common/tensors.h"

namespace lt {
namespace {

uint64_t positionOf(napi_env env, napi_value* argv) { return static_cast<uint64_t>(toInt(env, argv[2])); }

// (seed, stream, position): the position counts 32-bit numbers, so that the state is three numbers.
Philox streamOf(napi_env env, napi_value* argv) {
  const auto stream = static_cast<uint64_t>(toInt(env, argv[1]));
  Philox philox(static_cast<uint64_t>(toInt(env, argv[0])), static_cast<uint32_t>(stream),
                static_cast<uint32_t>(stream >> 32));
  philox.seek(positionOf(env, argv));
  return philox;
}

// Below this many elements a second thread costs more than it saves.
constexpr int64_t kFewestOfThread = 1 << 14;

// A tensor of draws. Each thread begins at its own element's number of the stream, so that the values do not
// depend on how many there are.
template <class Draw>
at::Tensor drawn(const Philox& stream, uint64_t position, at::IntArrayRef shape, int numbers,
                 const Draw& draw) {
  auto tensor = at::empty(shape, at::kFloat);
  float* data = tensor.mutable_data_ptr<float>();
  at::parallel_for(0, tensor.numel(), kFewestOfThread, [&](int64_t begin, int64_t end) {
    Philox philox = stream;
    philox.seek(position + static_cast<uint64_t>(begin) * numbers);
    for (int64_t i = begin; i < end; i++) data[i] = static_cast<float>(draw(philox));
  });
  return tensor;
}

// philoxUniform(seed, stream, position, shape, low, high) → float32; uses one number an element
napi_value philoxUniform(napi_env env, size_t, napi_value* argv) {
  const double low = toDouble(env, argv[4]), span = toDouble(env, argv[5]) - low;
  return fromTensor(env, drawn(streamOf(env, argv), positionOf(env, argv), toInts(env, argv[3]), 1,
                               [=](Philox& philox) { return low + span * philox.uniform(); }));
}

// philoxNormal(seed, stream, position, shape, mean, deviation) → float32; uses two numbers an element
napi_value philoxNormal(napi_env env, size_t, napi_value* argv) {
  const double mean = toDouble(env, argv[4]), deviation = toDouble(env, argv[5]);
  return fromTensor(env, drawn(streamOf(env, argv), positionOf(env, argv), toInts(env, argv[3]), 2,
                               [=](Philox& philox) { return mean + deviation * philox.normal(); }));
}

// philoxPermutation(seed, stream, position, Int32Array): shuffles 0 … n-1 into the array (Fisher and Yates).
// The stream is the permutation's own: rejection may use more than n numbers.
napi_value philoxPermutation(napi_env env, size_t, napi_value* argv) {
  Philox philox = streamOf(env, argv);
  const Bytes buffer = bytes(env, argv[3]);
  auto* order = static_cast<int32_t*>(buffer.data);
  const auto size = static_cast<uint32_t>(buffer.size / sizeof(int32_t));
  std::iota(order, order + size, 0);
  for (uint32_t i = size; i > 1; i--) std::swap(order[i - 1], order[philox.below(i)]);
  return undefined(env);
}

// philoxBelow(seed, stream, position, Int32Array): replaces every n > 0 by one of 0 … n-1.
napi_value philoxBelow(napi_env env, size_t, napi_value* argv) {
  Philox philox = streamOf(env, argv);
  const Bytes buffer = bytes(env, argv[3]);
  auto* numbers = static_cast<int32_t*>(buffer.data);
  for (size_t i = 0; i < buffer.size / sizeof(int32_t); i++)
    numbers[i] = static_cast<int32_t>(philox.below(static_cast<uint32_t>(numbers[i])));
  return undefined(env);
}

napi_value manualSeed(napi_env env, size_t, napi_value* argv) {
  at::manual_seed(static_cast<uint64_t>(toInt(env, argv[0])));
  return undefined(env);
}

// torchState(device) → uint8, the whole state of the device's generator
napi_value torchState(napi_env env, size_t, napi_value* argv) {
  auto generator = at::globalContext().defaultGenerator(c10::Device(toStr(env, argv[0])));
  std::lock_guard<std::mutex> lock(generator.mutex());
  return fromTensor(env, generator.get_state());
}

// setTorchState(device, uint8)
napi_value setTorchState(napi_env env, size_t, napi_value* argv) {
  auto generator = at::globalContext().defaultGenerator(c10::Device(toStr(env, argv[0])));
  std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(toTensor(env, argv[1]));
  return undefined(env);
}

}  // namespace

void initRandom(napi_env env, napi_value exports) {
  def<philoxUniform, 6>(env, exports, "philoxUniform");
  def<philoxNormal, 6>(env, exports, "philoxNormal");
  def<philoxPermutation, 4>(env, exports, "philoxPermutation");
  def<philoxBelow, 4>(env, exports, "philoxBelow");
  def<manualSeed, 1>(env, exports, "manualSeed");
  def<torchState, 1>(env, exports, "torchState");
  def<setTorchState, 2>(env, exports, "setTorchState");
}

}  // namespace lt
