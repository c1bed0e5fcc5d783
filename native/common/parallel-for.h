// A loop over items on several threads.
#pragma once
#include <cstddef>
#include <functional>

namespace lt {

// Calls work(0) … work(count - 1), each once, on at most `threads` threads, of which the caller is one. When
// calls fail, throws what the first of them (by index) threw, after all have ended. Each thread but the
// caller's ends with a call of `endThread`.
void parallelFor(size_t count, int threads, const std::function<void(size_t)>& work,
                 const std::function<void()>& endThread = nullptr);

}  // namespace lt
