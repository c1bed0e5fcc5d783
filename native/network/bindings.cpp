// JavaScript's side of networks for phones: converts, calls, wraps; vision.node has it.
#include <string>

#include "common/addon.h"
#include "common/napi.h"
#include "common/registry.h"
#include "network/network.h"

namespace lt::network {
namespace {

// Never destroyed: a network's threads need not end before the process does.
Registry<std::shared_ptr<Network>>& networks() {
  static auto* all = new Registry<std::shared_ptr<Network>>("this network");
  return *all;
}

std::span<const float> toFloats(napi_env env, napi_value array, size_t count, const char* what) {
  const Bytes memory = bytes(env, array);
  if (memory.size != count * sizeof(float))
    throw JsError("TYPE", std::string(what) + ": expected " + std::to_string(count) + " floats, received " +
                              std::to_string(memory.size) + " bytes");
  return {static_cast<const float*>(memory.data), count};
}

// { weights, bias, inputs, outputs, kernel, stride, top, left, height, width, minimum, maximum }; a
// depthwise one has as many inputs as outputs.
Convolution toConvolution(napi_env env, napi_value value, bool isDepthwise) {
  const auto whole = [&](const char* key) { return static_cast<int>(toInt(env, property(env, value, key))); };
  const auto number = [&](const char* key) {
    return static_cast<float>(toDouble(env, property(env, value, key)));
  };
  const int inputs = whole("inputs"), outputs = whole("outputs"), kernel = whole("kernel");
  const size_t weights = size_t(outputs) * (isDepthwise ? 1 : inputs) * kernel * kernel;
  return {.weights = toFloats(env, property(env, value, "weights"), weights, "weights"),
          .bias = toFloats(env, property(env, value, "bias"), outputs, "bias"),
          .inputs = inputs,
          .outputs = outputs,
          .kernel = kernel,
          .stride = whole("stride"),
          .top = whole("top"),
          .left = whole("left"),
          .height = whole("height"),
          .width = whole("width"),
          .range = {number("minimum"), number("maximum")}};
}

// { widen: convolution or null, depthwise, project, addsInput }
Block toBlock(napi_env env, napi_value value) {
  Block block{.widen = {},
              .depthwise = toConvolution(env, property(env, value, "depthwise"), true),
              .project = toConvolution(env, property(env, value, "project"), false),
              .addsInput = toBool(env, property(env, value, "addsInput"))};
  if (const napi_value widen = property(env, value, "widen"); !isNil(env, widen))
    block.widen = toConvolution(env, widen, false);
  return block;
}

// openNetwork({ channels, height, width, blocks, head }, threads, waitsBusily) → id, or null where this
// processor has no kernels for it. What it is made of has to fit together.
napi_value openNetwork(napi_env env, size_t, napi_value* argv) {
  const auto whole = [&](const char* key) { return toInt(env, property(env, argv[0], key)); };
  Description description{.channels = static_cast<int>(whole("channels")),
                          .height = whole("height"),
                          .width = whole("width"),
                          .blocks = {},
                          .head = toConvolution(env, property(env, argv[0], "head"), false)};
  const napi_value blocks = property(env, argv[0], "blocks");
  for (uint32_t i = 0; i < length(env, blocks); i++)
    description.blocks.push_back(toBlock(env, element(env, blocks, i)));
  std::shared_ptr<Network> network =
      Network::open(description, static_cast<int>(toInt(env, argv[1])), toBool(env, argv[2]));
  return network ? num(env, static_cast<double>(networks().put(std::move(network), env))) : null(env);
}

// runNetwork(id, images float32 [N, channels, height, width], features float32 [N, F]); fills features.
napi_value runNetwork(napi_env env, size_t, napi_value* argv) {
  const auto network = networks().get(toInt(env, argv[0]));
  const int64_t count = bytes(env, argv[2]).size / sizeof(float) / network->features();
  const auto images = toFloats(env, argv[1], count * network->imageFloats(), "images");
  const auto features = toFloats(env, argv[2], count * network->features(), "features");
  network->run(images.data(), count, const_cast<float*>(features.data()));
  return undefined(env);
}

napi_value closeNetwork(napi_env env, size_t, napi_value* argv) {
  networks().take(toInt(env, argv[0]));
  return undefined(env);
}

}  // namespace

void initNetworks(napi_env env, napi_value exports) {
  def<openNetwork, 3>(env, exports, "openNetwork");
  def<runNetwork, 3>(env, exports, "runNetwork");
  def<closeNetwork, 1>(env, exports, "closeNetwork");
}

}  // namespace lt::network
