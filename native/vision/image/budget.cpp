#include "vision/image/budget.h"

#include <algorithm>

#include "vision/image/image.h"

namespace lt::vision {
namespace {

constexpr uint64_t kMebibyte = uint64_t{1} << 20;

// The decoder's own memory is freed before the image is turned.
uint64_t memoryOf(const Declared& declared) {
  const int besides = std::max(declared.workingBytes, declared.turned ? Image::kChannels : 0);
  return static_cast<uint64_t>(declared.height) * declared.width * (Image::kChannels + besides);
}

}  // namespace

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
  const uint64_t memory = memoryOf(declared);
  if (memory <= kMaxMemory) return;
  throw DataError("expected an image whose decoding takes at most " + std::to_string(kMaxMemory / kMebibyte) +
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
