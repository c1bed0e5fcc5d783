// Workspace: memory that lives through one operator. It comes from a pool keyed by size and returns to it,
// because an operator asks for the same few sizes in every step, and fresh pages would cost more than the
// work done in them.
#pragma once
#include <cstddef>

namespace lt::kernels {

class Workspace {
 public:
  explicit Workspace(size_t floats);  // not cleared; aligned to 64 bytes
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  float* data() const { return memory_; }

 private:
  const size_t floats_;
  float* const memory_;
};

}  // namespace lt::kernels
