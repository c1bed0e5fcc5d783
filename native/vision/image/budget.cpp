#include "vision/image/budget.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "vision/image/image.h"
#include "vision/image/interruption.h"

namespace lt::vision {
namespace {

constexpr uint64_t kMebibyte = uint64_t{1} << 20;

// The decoder's own memory is freed before the image is copied.
uint64_t memoryOf(const Declared& declared) {
  const int besides = std::max(declared.workingBytes, declared.copied ? Image::kChannels : 0);
  return static_cast<uint64_t>(declared.height) * declared.width * (Image::kChannels + besides);
}

std::mutex mutex;
std::condition_variable freed;
uint64_t taken = 0;  // by large images in work

thread_local bool isInTurn = false;
thread_local uint64_t own = 0;  // of `taken`, this thread's

void giveBack() {
  if (own == 0) return;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    taken -= own;
    own = 0;
  }
  freed.notify_all();
}

// Of a thread's image one decode follows the other (data check tries again): the last one's memory counts.
void take(uint64_t memory) {
  if (!isInTurn || memory <= own) return;
  giveBack();
  if (memory <= kFreeMemory) return;
  constexpr std::chrono::milliseconds kPatience{50};
  std::unique_lock<std::mutex> lock(mutex);
  while (!freed.wait_for(lock, kPatience, [&] { return taken + memory <= kMaxMemory; }))
    Interruptible::check();
  taken += memory;
  own = memory;
}

// Throws a DataError for a file that keeps a decoder at work, or in memory, without holding an image.
void requireEffort(const Declared& declared) {
  if (declared.scans > kMaxScans)
    throw DataError("expected a JPEG of at most " + std::to_string(kMaxScans) + " scans, found " +
                    std::to_string(declared.scans));
  if (int64_t{declared.height} * declared.width * declared.scans > kMaxScannedPixels)
    throw DataError("expected a JPEG whose scans go over at most " + std::to_string(kMaxScannedPixels) +
                    " pixels, found " + std::to_string(declared.scans) + " scans of " +
                    sizeText(declared.height, declared.width) + ": save it anew");
  if (declared.compressedTexts > kMaxCompressedTexts)
    throw DataError("expected at most " + std::to_string(kMaxCompressedTexts) +
                    " bytes of compressed texts and color profile in a PNG, found " +
                    std::to_string(declared.compressedTexts) + ": save it without them");
  if (declared.pages > kMaxPages)
    throw DataError("expected a TIFF of at most " + std::to_string(kMaxPages) +
                    " pages, found more: save its first page alone");
}

}  // namespace

MemoryTurn::MemoryTurn() { isInTurn = true; }

MemoryTurn::~MemoryTurn() {
  isInTurn = false;
  giveBack();
}

void requireSize(int height, int width) {
  if (int64_t{height} * width > kMaxPixels)
    throw DataError("expected at most " + std::to_string(kMaxPixels) + " pixels, found " +
                    sizeText(height, width));
  if (std::max(height, width) > kMaxSide)
    throw DataError("expected sides of at most " + std::to_string(kMaxSide) + " pixels, found " +
                    sizeText(height, width));
}

void requireBudget(const Declared& declared) {
  requireSize(declared.height, declared.width);
  requireEffort(declared);
  if (declared.atOnce && int64_t{declared.height} * declared.width > kMaxPixelsAtOnce)
    throw DataError("expected " + declared.kind + " of at most " + std::to_string(kMaxPixelsAtOnce) +
                    " pixels, which is decoded at once, found " + sizeText(declared.height, declared.width) +
                    ": save it as a JPEG or a plain PNG");
  const uint64_t memory = memoryOf(declared);
  const uint64_t limit = declared.atOnce ? kMaxMemoryAtOnce : kMaxMemory;
  if (memory <= limit) return take(memory);
  throw DataError("expected an image whose decoding takes at most " + std::to_string(limit / kMebibyte) +
                  " MiB of memory, found " + declared.kind + " of " +
                  sizeText(declared.height, declared.width) + ", which takes " +
                  std::to_string(memory / kMebibyte) + " MiB: make it smaller");
}

void requireFileSize(const Declared& declared, uint64_t fileSize) {
  if (fileSize >= declared.minFileSize) return;
  failDecoding("its header declares " + sizeText(declared.height, declared.width) +
               ", which takes at least " + std::to_string(declared.minFileSize) + " bytes, found " +
               std::to_string(fileSize));
}

}  // namespace lt::vision
