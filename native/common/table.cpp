#include "common/table.h"

#include <atomic>
#include <mutex>
#include <vector>

namespace lt::table {
namespace {

constexpr uint32_t kSlotBits = 20, kPageBits = 12, kPage = 1u << kPageBits,
                   kPages = 1u << (kSlotBits - kPageBits);
constexpr uint64_t kSlotMask = (1ull << kSlotBits) - 1;

struct Slot {
  at::Tensor tensor;
  std::atomic<uint32_t> generation{1};
};

// Pages never move, so that a look-up needs no lock; putting and releasing take the mutex.
std::atomic<Slot*> pages[kPages];
std::mutex mutex;
std::vector<uint32_t> freeSlots;
uint32_t nextSlot = 1;
std::atomic<size_t> liveCount{0};

Slot* slotOf(Handle handle) {
  Slot* page = pages[(handle & kSlotMask) >> kPageBits].load(std::memory_order_acquire);
  if (!page) return nullptr;
  Slot* slot = page + (handle & (kPage - 1));
  return slot->generation.load(std::memory_order_acquire) == handle >> kSlotBits && slot->tensor.defined()
             ? slot
             : nullptr;
}

}  // namespace

Handle put(at::Tensor tensor) {
  std::lock_guard<std::mutex> lock(mutex);
  uint32_t index;
  if (!freeSlots.empty()) {
    index = freeSlots.back();
    freeSlots.pop_back();
  } else {
    if (nextSlot > kSlotMask)
      throw std::runtime_error("more than 1,048,575 tensors are alive: is a scope missing?");
    index = nextSlot++;
    auto& page = pages[index >> kPageBits];
    if (!page.load()) page.store(new Slot[kPage], std::memory_order_release);
  }
  Slot& slot = pages[index >> kPageBits].load()[index & (kPage - 1)];
  slot.tensor = std::move(tensor);
  liveCount++;
  return (static_cast<Handle>(slot.generation.load()) << kSlotBits) | index;
}

const at::Tensor& get(Handle handle) {
  Slot* slot = slotOf(handle);
  if (!slot)
    throw FreedTensor(
        "the tensor was freed: its scope has ended, or dispose() was called; keep() it to use it afterwards");
  return slot->tensor;
}

bool contains(Handle handle) { return slotOf(handle) != nullptr; }

void release(const double* handles, size_t count) {
  std::vector<at::Tensor> dead;  // destroyed after the lock is gone: a deleter may take its time
  dead.reserve(count);
  std::lock_guard<std::mutex> lock(mutex);
  for (size_t i = 0; i < count; i++) {
    const Handle handle = static_cast<Handle>(handles[i]);
    Slot* slot = slotOf(handle);
    if (!slot) continue;
    dead.push_back(std::move(slot->tensor));
    slot->tensor = at::Tensor();
    slot->generation++;
    freeSlots.push_back(static_cast<uint32_t>(handle & kSlotMask));
    liveCount--;
  }
}

size_t live() { return liveCount; }

}  // namespace lt::table
