#include "common/parallel-for.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace lt {

void parallelFor(size_t count, int threads, const std::function<void(size_t)>& work,
                 const std::function<void()>& endThread) {
  std::vector<std::exception_ptr> failures(count);
  std::atomic<size_t> next{0};
  const auto drain = [&] {
    for (size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < std::min(static_cast<size_t>(threads), count); i++) {
      helpers.emplace_back([&] {
        drain();
        if (endThread) endThread();
      });
    }
    drain();
  }
  for (const auto& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace lt
