#include "network/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace lt::network {
namespace {

constexpr size_t kLine = 64, kLargePage = 2 << 20, kBlock = 4 * kLargePage;

size_t roundedUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

float* Arena::take(size_t floats) {
  const size_t bytes = roundedUp(floats * sizeof(float), kLine);
  if (static_cast<size_t>(end_ - next_) < bytes) {
    const size_t block = std::max(kBlock, roundedUp(bytes, kLargePage));
    next_ = static_cast<char*>(blocks_.emplace_back(std::aligned_alloc(kLargePage, block)).get());
    if (!next_) throw std::bad_alloc();
    end_ = next_ + block;
    madvise(next_, block, MADV_HUGEPAGE);  // where it fails, pages are small
  }
  float* const taken = reinterpret_cast<float*>(next_);
  next_ += bytes;
  return taken;
}

}  // namespace lt::network
