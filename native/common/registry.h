// Objects that JavaScript knows by a number. Numbers are never used again.
#pragma once
#include <map>
#include <mutex>
#include <string>

#include "common/napi.h"

namespace lt {

template <class Pointer>
class Registry {
 public:
  explicit Registry(const char* kind) : kind_(kind) {}

  int64_t put(Pointer object) {
    std::lock_guard<std::mutex> lock(mutex_);
    objects_.emplace(++last_, std::move(object));
    return last_;
  }

  Pointer get(int64_t id) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = objects_.find(id);
    if (found == objects_.end()) throw JsError("NATIVE", std::string("this ") + kind_ + " was closed");
    return found->second;
  }

  // The object, to be let go of outside the lock; null for one that was taken before.
  Pointer take(int64_t id) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = objects_.find(id);
    if (found == objects_.end()) return {};
    Pointer taken = std::move(found->second);
    objects_.erase(found);
    return taken;
  }

 private:
  const char* kind_;
  std::mutex mutex_;
  std::map<int64_t, Pointer> objects_;
  int64_t last_ = 0;
};

}  // namespace lt
