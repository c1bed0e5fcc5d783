// Key-value stores that processes meet at: c10d's TCPStore, and FileStore for processes that share a file
// system.
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "common/addon.h"
#include "common/napi.h"
#include "common/registry.h"
#include "distributed/distributed.h"

namespace lt::distributed {
namespace {

// A store, and whether its server has left a request without an answer: no further one is sent then.
struct Served {
  c10::intrusive_ptr<c10d::Store> store;
  std::shared_ptr<std::atomic<bool>> silent = std::make_shared<std::atomic<bool>>(false);
};

// Never freed: its threads may outlive the static objects of an exiting process.
Registry<std::shared_ptr<const Served>>& stores() {
  static auto* all = new Registry<std::shared_ptr<const Served>>("this store");
  return *all;
}

napi_value numberOf(napi_env env, Served served) {
  return num(env, static_cast<double>(stores().put(std::make_shared<const Served>(std::move(served)))));
}

std::chrono::milliseconds toMilliseconds(napi_env env, napi_value value) {
  return std::chrono::milliseconds(toInt(env, value));
}

// Whether a thread has ended. std::future::wait_for would need a newer libstdc++ than the engine does.
class Ended {
 public:
  void set() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      isSet_ = true;
    }
    condition_.notify_all();
  }
  bool waitFor(std::chrono::milliseconds timeout) {
    std::unique_lock<std::mutex> lock(mutex_);
    return condition_.wait_for(lock, timeout, [&] { return isSet_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool isSet_ = false;
};

// Runs work that waits for an answer, of a server that may have stopped: c10d's clients wait for ever then.
// The thread of one without an answer is left behind.
template <class Work>
auto within(std::chrono::milliseconds timeout, Work work) {
  std::packaged_task<decltype(work())()> task(std::move(work));
  auto result = task.get_future();
  const auto ended = std::make_shared<Ended>();
  std::thread([ended, running = std::move(task)]() mutable {
    running();
    ended->set();
  }).detach();
  if (ended->waitFor(timeout)) return result.get();
  throw std::runtime_error("the store's process does not answer: timed out after " +
                           std::to_string(timeout.count()) + " ms");
}

template <class Work>
auto ask(const std::shared_ptr<const Served>& served, Work work) {
  if (*served->silent) throw std::runtime_error("the store's process does not answer: timed out before");
  const auto timeout = served->store->getTimeout();
  *served->silent = true;  // until it has answered
  auto answer = within(timeout, [store = served->store, work = std::move(work)] { return work(*store); });
  *served->silent = false;
  return answer;
}

struct Addresses {
  addrinfo* first = nullptr;
  ~Addresses() {
    if (first) freeaddrinfo(first);
  }
};

bool isLoopback(const sockaddr* address) {
  if (address->sa_family == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24 == 127;
  return address->sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

// A socket that listens at the address that the host's name leads to; -1 where that is none of this machine's
// (a service's, for one), or leads here alone although it is a name that other machines use.
int listenAt(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST;
  Addresses found;
  const std::string service = std::to_string(port);
  const bool isNumber = getaddrinfo(host.c_str(), service.c_str(), &hints, &found.first) == 0;
  hints.ai_flags = 0;
  if (!isNumber && getaddrinfo(host.c_str(), service.c_str(), &hints, &found.first) != 0) return -1;
  const bool isLocal = isNumber || host == "localhost";
  for (const addrinfo* one = found.first; one; one = one->ai_next) {
    if (!isLocal && isLoopback(one->ai_addr)) continue;
    const int descriptor = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) continue;
    const int yes = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(descriptor, one->ai_addr, one->ai_addrlen) == 0 && listen(descriptor, SOMAXCONN) == 0)
      return descriptor;
    const int reason = errno;
    close(descriptor);
    if (reason == EADDRINUSE) throw std::runtime_error("EADDRINUSE: " + host + ":" + service);
  }
  return -1;
}

uint16_t portOf(int descriptor) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &size) != 0) return 0;
  return ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&own)->sin6_port
                                         : reinterpret_cast<sockaddr_in*>(&own)->sin_port);
}

// tcpStore(host, port, serves, timeoutMs) → { id, port }. The one that serves listens at the host's address,
// or at all of this machine's where it has no such one; at any free port for 0.
napi_value tcpStore(napi_env env, size_t, napi_value* argv) {
  const std::string host = toStr(env, argv[0]);
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(toInt(env, argv[1]));
  options.isServer = toBool(env, argv[2]);
  options.waitWorkers = false;
  options.timeout = toMilliseconds(env, argv[3]);
  if (options.isServer) {
    const int descriptor = listenAt(host, options.port);
    if (descriptor >= 0) {
      options.masterListenFd = descriptor;
      options.port = portOf(descriptor);
    }
  }
  auto store =
      within(options.timeout, [host, options] { return c10::make_intrusive<c10d::TCPStore>(host, options); });
  const napi_value result = object(env);
  set(env, result, "port", num(env, store->getPort()));
  set(env, result, "id", numberOf(env, {std::move(store)}));
  return result;
}

// fileStore(path, processes) → id
napi_value fileStore(napi_env env, size_t, napi_value* argv) {
  return numberOf(env, {c10::make_intrusive<c10d::FileStore>(toStr(env, argv[0]),
                                                             static_cast<int>(toInt(env, argv[1])))});
}

// prefixStore(store, prefix) → id of a store whose keys all begin so
napi_value prefixStore(napi_env env, size_t, napi_value* argv) {
  const auto whole = stores().get(toInt(env, argv[0]));
  return numberOf(env,
                  {c10::make_intrusive<c10d::PrefixStore>(toStr(env, argv[1]), whole->store), whole->silent});
}

// storeSet(store, key, value)
napi_value storeSet(napi_env env, size_t, napi_value* argv) {
  const std::string value = toStr(env, argv[2]);
  ask(stores().get(toInt(env, argv[0])), [key = toStr(env, argv[1]), value](c10d::Store& store) {
    store.set(key, std::vector<uint8_t>(value.begin(), value.end()));
    return true;
  });
  return undefined(env);
}

// storeGet(store, key) → its value; undefined where nobody has set it. Never waits for one.
napi_value storeGet(napi_env env, size_t, napi_value* argv) {
  using Value = std::optional<std::vector<uint8_t>>;
  const auto value =
      ask(stores().get(toInt(env, argv[0])), [key = toStr(env, argv[1])](c10d::Store& store) -> Value {
        if (!store.check({key})) return {};
        return store.get(key);
      });
  return value ? str(env, std::string(value->begin(), value->end())) : undefined(env);
}

// storeAdd(store, key, amount) → the sum so far
napi_value storeAdd(napi_env env, size_t, napi_value* argv) {
  const int64_t amount = toInt(env, argv[2]);
  const int64_t sum =
      ask(stores().get(toInt(env, argv[0])),
          [key = toStr(env, argv[1]), amount](c10d::Store& store) { return store.add(key, amount); });
  return num(env, static_cast<double>(sum));
}

napi_value closeStore(napi_env env, size_t, napi_value* argv) {
  stores().take(toInt(env, argv[0]));
  return undefined(env);
}

}  // namespace

c10::intrusive_ptr<c10d::Store> storeOf(int64_t id) { return stores().get(id)->store; }

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
