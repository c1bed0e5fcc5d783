// Key-value stores that processes meet at: c10d's TCPStore, and FileStore for processes that share a file
// system.
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "common/addon.h"
#include "common/napi.h"
#include "common/registry.h"
#include "distributed/distributed.h"

namespace lt::distributed {
namespace {

// Never freed: its threads may outlive the static objects of an exiting process.
Registry<c10::intrusive_ptr<c10d::Store>>& stores() {
  static auto* all = new Registry<c10::intrusive_ptr<c10d::Store>>("this store");
  return *all;
}

std::chrono::milliseconds toMilliseconds(napi_env env, napi_value value) {
  return std::chrono::milliseconds(toInt(env, value));
}

// tcpStore(host, port, serves, timeoutMs) → { id, port }. The one that serves listens, at any free port for
// 0.
napi_value tcpStore(napi_env env, size_t, napi_value* argv) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(toInt(env, argv[1]));
  options.isServer = toBool(env, argv[2]);
  options.waitWorkers = false;
  options.timeout = toMilliseconds(env, argv[3]);
  auto store = c10::make_intrusive<c10d::TCPStore>(toStr(env, argv[0]), options);
  const napi_value result = object(env);
  set(env, result, "port", num(env, store->getPort()));
  set(env, result, "id", num(env, static_cast<double>(stores().put(std::move(store)))));
  return result;
}

// fileStore(path, processes) → id
napi_value fileStore(napi_env env, size_t, napi_value* argv) {
  return num(env, static_cast<double>(stores().put(c10::make_intrusive<c10d::FileStore>(
                      toStr(env, argv[0]), static_cast<int>(toInt(env, argv[1]))))));
}

// prefixStore(store, prefix) → id of a store whose keys all begin so
napi_value prefixStore(napi_env env, size_t, napi_value* argv) {
  return num(env, static_cast<double>(stores().put(c10::make_intrusive<c10d::PrefixStore>(
                      toStr(env, argv[1]), storeOf(toInt(env, argv[0]))))));
}

// storeSet(store, key, value)
napi_value storeSet(napi_env env, size_t, napi_value* argv) {
  const std::string value = toStr(env, argv[2]);
  storeOf(toInt(env, argv[0]))->set(toStr(env, argv[1]), std::vector<uint8_t>(value.begin(), value.end()));
  return undefined(env);
}

// storeGet(store, key) → its value; undefined where nobody has set it. Never waits.
napi_value storeGet(napi_env env, size_t, napi_value* argv) {
  const auto store = storeOf(toInt(env, argv[0]));
  const std::string key = toStr(env, argv[1]);
  if (!store->check({key})) return undefined(env);
  const auto value = store->get(key);
  return str(env, std::string(value.begin(), value.end()));
}

// storeAdd(store, key, amount) → the sum so far
napi_value storeAdd(napi_env env, size_t, napi_value* argv) {
  return num(
      env, static_cast<double>(storeOf(toInt(env, argv[0]))->add(toStr(env, argv[1]), toInt(env, argv[2]))));
}

napi_value closeStore(napi_env env, size_t, napi_value* argv) {
  stores().take(toInt(env, argv[0]));
  return undefined(env);
}

}  // namespace

c10::intrusive_ptr<c10d::Store> storeOf(int64_t id) { return stores().get(id); }

void initStores(napi_env env, napi_value exports) {
  def<tcpStore, 4>(env, exports, "tcpStore");
  def<fileStore, 2>(env, exports, "fileStore");
  def<prefixStore, 2>(env, exports, "prefixStore");
  def<storeSet, 3>(env, exports, "storeSet");
  def<storeGet, 2>(env, exports, "storeGet");
  def<storeAdd, 3>(env, exports, "storeAdd");
  def<closeStore, 1>(env, exports, "closeStore");
}

}  // namespace lt::distributed
