// Objects that JavaScript knows by a number. No number is used twice.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/napi.h"

namespace lt {

// Its functions may be called by any thread. `Pointer` is a shared pointer of some kind.
template <class Pointer>
class Registry {
 public:
  // `name` begins the message about an object that was closed: "this store".
  explicit Registry(const char* name) : name_(name) {}

  // An object with an owner is let go of when that JavaScript environment ends (a worker that is terminated),
  // unless it was taken before. Call this with an owner on the owner's own thread.
  int64_t put(Pointer object, napi_env owner = nullptr) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (owner) letGoWith(owner);
    objects_.emplace(++last_, Entry{std::move(object), owner});
    return last_;
  }

  Pointer get(int64_t id) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = objects_.find(id);
    if (found == objects_.end()) throw JsError("NATIVE", std::string(name_) + " was closed");
    return found->second.object;
  }

  // The object, to be let go of outside the lock; null for one that was taken before.
  Pointer take(int64_t id) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = objects_.find(id);
    if (found == objects_.end()) return {};
    Pointer taken = std::move(found->second.object);
    objects_.erase(found);
    return taken;
  }

 private:
  struct Entry {
    Pointer object;
    napi_env owner;
  };

  struct Hook {
    Registry* registry;
    napi_env owner;
  };

  void letGoWith(napi_env owner) {
    if (owners_.contains(owner)) return;
    auto hook = std::make_unique<Hook>(Hook{this, owner});
    check(owner, napi_add_env_cleanup_hook(owner, atEnd, hook.get()), "napi_add_env_cleanup_hook");
    hook.release();
    owners_.insert(owner);
  }

  static void atEnd(void* data) {
    const std::unique_ptr<Hook> hook(static_cast<Hook*>(data));
    hook->registry->takeAll(hook->owner);
  }

  void takeAll(napi_env owner) {
    std::vector<Pointer> taken;  // let go of when the lock is gone: a producer waits for its threads
    std::lock_guard<std::mutex> lock(mutex_);
    owners_.erase(owner);
    std::erase_if(objects_, [&](auto& object) {
      if (object.second.owner != owner) return false;
      taken.push_back(std::move(object.second.object));
      return true;
    });
  }

  const char* name_;
  std::mutex mutex_;
  std::map<int64_t, Entry> objects_;
  std::set<napi_env> owners_;
  int64_t last_ = 0;
};

}  // namespace lt
