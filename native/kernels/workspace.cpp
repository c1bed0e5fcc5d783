#include "kernels/workspace.h"

#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

namespace lt::kernels {
namespace {

constexpr std::align_val_t kAlignment{64};

struct Pool {
  std::mutex mutex;
  std::unordered_map<size_t, std::vector<float*>> free;  // by number of floats
};

// Never destroyed: threads may still be at work when the process ends.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

float* take(size_t floats) {
  {
    std::lock_guard<std::mutex> lock(pool().mutex);
    auto& free = pool().free[floats];
    if (!free.empty()) {
      float* const memory = free.back();
      free.pop_back();
      return memory;
    }
  }
  return static_cast<float*>(::operator new(floats * sizeof(float), kAlignment));
}

}  // namespace

Workspace::Workspace(size_t floats) : floats_(floats), memory_(take(floats)) {}

Workspace::~Workspace() {
  std::lock_guard<std::mutex> lock(pool().mutex);
  pool().free[floats_].push_back(memory_);
}

}  // namespace lt::kernels
