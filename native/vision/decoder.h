// What the decoders have in common.
#pragma once
#include "vision/image.h"

namespace lt {

// The image cannot be decoded; `reason` is the library's own account.
[[noreturn]] inline void failDecoding(const std::string& reason) {
  throw DataError("cannot be decoded, the file is damaged or truncated" + (reason.empty() ? "" : " (" + reason + ")"));
}

// A header may declare any size: memory for it is not taken on trust.
inline void requireSize(int height, int width) {
  constexpr int64_t maxPixels = int64_t{1} << 28;  // 268 million: a 16,384-pixel square
  if (int64_t{height} * width <= maxPixels) return;
  throw DataError("expected at most " + std::to_string(maxPixels) + " pixels, found " + sizeText(height, width));
}

}  // namespace lt
