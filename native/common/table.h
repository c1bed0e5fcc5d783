// The process-wide table of tensors. JavaScript holds numbers; a number carries the slot's generation, so
// that a handle whose tensor was freed is recognized even after its slot was given to another tensor. One
// table serves all worker threads.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace lt {

// A tensor whose scope has ended, or a number that never was a tensor.
struct FreedTensor : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace table {

// generation * 2^20 + slot. It stays below 2^52, so that a JavaScript number holds it exactly; 0 is no
// tensor.
using Handle = uint64_t;

Handle put(at::Tensor tensor);
const at::Tensor& get(Handle handle);  // throws FreedTensor
bool contains(Handle handle);
void release(const double* handles, size_t count);  // frees each; unknown handles are skipped
size_t live();
}  // namespace table

}  // namespace lt
