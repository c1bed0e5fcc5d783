// What the decoders have in common.
#pragma once
#include "vision/image/image.h"

namespace lt {

// The image cannot be decoded; `reason` is the library's own account.
[[noreturn]] inline void failDecoding(const std::string& reason) {
  throw DataError("cannot be decoded, the file is damaged or truncated" +
                  (reason.empty() ? "" : " (" + reason + ")"));
}

// A header may declare any size: memory for it is not taken on trust.
inline void requireSize(int height, int width) {
  constexpr int64_t maxPixels = int64_t{1} << 28;  // 268 million: a 16,384-pixel square
  if (int64_t{height} * width <= maxPixels) return;
  throw DataError("expected at most " + std::to_string(maxPixels) + " pixels, found " +
                  sizeText(height, width));
}

// A row of CMYK as Pillow's convert("RGB") makes it: each ink's complement times black's, over 255, rounded.
inline void cmykToRgb(const uint8_t* from, int width, uint8_t* to) {
  for (int x = 0; x < width; x++, from += 4, to += 3) {
    for (int c = 0; c < 3; c++) to[c] = static_cast<uint8_t>(((255 - from[c]) * (255 - from[3]) + 127) / 255);
  }
}

}  // namespace lt
