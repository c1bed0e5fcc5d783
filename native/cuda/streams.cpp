// A device's streams and moments in them, by the interface that libtorch has for all devices, so that no
// header of CUDA's is needed. On the CPU (and where nothing is computed at all, "meta") work is done in
// order, and there is nothing to wait for.
#include <ATen/core/Tensor.h>
#include <ATen/ops/record_stream.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <memory>
#include <optional>

#include "common/addon.h"
#include "common/registry.h"
#include "common/tensors.h"

namespace lt::cuda {
namespace {

using Moment = std::optional<c10::Event>;  // none where work is done in order

bool inOrder(const c10::Device& device) { return device.is_cpu() || device.is_meta(); }

// Never freed, like the stores: threads may outlive the static objects of an exiting process.
Registry<std::shared_ptr<Moment>>& moments() {
  static auto* all = new Registry<std::shared_ptr<Moment>>("this moment");
  return *all;
}

struct DeviceStreams {
  c10::Device device;
  c10::impl::VirtualGuardImpl streams;

  explicit DeviceStreams(const std::string& name) : device(name), streams(device.type()) {
    if (!device.has_index()) device = streams.getDevice();
  }
  c10::Stream current() const { return streams.getStream(device); }
};

// newStream(device) → number: one of those that the device's work is spread over
napi_value newStream(napi_env env, size_t, napi_value* argv) {
  const DeviceStreams target(toStr(env, argv[0]));
  return num(env, static_cast<double>(target.streams.getNewStream(target.device).id()));
}

// enterStream(device, stream) → the stream to which this thread gave its work until now
napi_value enterStream(napi_env env, size_t, napi_value* argv) {
  const DeviceStreams target(toStr(env, argv[0]));
  const c10::Stream stream(c10::Stream::UNSAFE, target.device, toInt(env, argv[1]));
  return num(env, static_cast<double>(target.streams.exchangeStream(stream).id()));
}

// recordMoment(device) → id: reached when all is done that the current stream was given until now
napi_value recordMoment(napi_env env, size_t, napi_value* argv) {
  const DeviceStreams target(toStr(env, argv[0]));
  auto moment = std::make_shared<Moment>();
  if (!inOrder(target.device)) moment->emplace(target.device.type()).record(target.current());
  return num(env, static_cast<double>(moments().put(std::move(moment))));
}

// streamAwaits(device, id): what the current stream is given from here on begins after that moment
napi_value streamAwaits(napi_env env, size_t, napi_value* argv) {
  const DeviceStreams target(toStr(env, argv[0]));
  const auto moment = moments().get(toInt(env, argv[1]));
  if (moment->has_value()) (*moment)->block(target.current());
  return undefined(env);
}

// awaitMoment(id): returns when it is reached
napi_value awaitMoment(napi_env env, size_t, napi_value* argv) {
  const auto moment = moments().get(toInt(env, argv[0]));
  if (moment->has_value()) (*moment)->synchronize();
  return undefined(env);
}

napi_value closeMoment(napi_env env, size_t, napi_value* argv) {
  moments().take(toInt(env, argv[0]));
  return undefined(env);
}

// usedByStream(tensors): made by another stream; their memory is not given away before the current one is
// done with them
napi_value usedByStream(napi_env env, size_t, napi_value* argv) {
  for (at::Tensor& tensor : toTensors(env, argv[0])) {
    if (!inOrder(tensor.device()))
      tensor.record_stream(c10::impl::VirtualGuardImpl(tensor.device().type()).getStream(tensor.device()));
  }
  return undefined(env);
}

}  // namespace

void initStreams(napi_env env, napi_value exports) {
  def<newStream, 1>(env, exports, "newStream");
  def<enterStream, 2>(env, exports, "enterStream");
  def<recordMoment, 1>(env, exports, "recordMoment");
  def<streamAwaits, 2>(env, exports, "streamAwaits");
  def<awaitMoment, 1>(env, exports, "awaitMoment");
  def<closeMoment, 1>(env, exports, "closeMoment");
  def<usedByStream, 1>(env, exports, "usedByStream");
}

}  // namespace lt::cuda
