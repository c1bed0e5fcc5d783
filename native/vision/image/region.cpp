#include "vision/image/region.h"

#include <algorithm>

namespace lt::vision {

Window boundingWindow(const Window& a, const Window& b) {
  const int top = std::min(a.top, b.top), left = std::min(a.left, b.left);
  const int bottom = std::max(a.top + a.height, b.top + b.height),
            right = std::max(a.left + a.width, b.left + b.width);
  return {top, left, bottom - top, right - left};
}

Image crop(const Image& image, const Window& window) {
  Image result(window.height, window.width);
  const int from = std::max(0, window.left), to = std::min(image.width, window.left + window.width);
  const size_t before = static_cast<size_t>(from - window.left) * 3,
               inside = static_cast<size_t>(std::max(0, to - from)) * 3;
  for (int y = 0; y < window.height; y++) {
    uint8_t* row = result.row(y);
    const int source = window.top + y;
    if (source < 0 || source >= image.height || inside == 0) {
      std::memset(row, 0, result.rowSize());
      continue;
    }
    std::memset(row, 0, before);
    std::memcpy(row + before, image.row(source) + static_cast<size_t>(from) * 3, inside);
    std::memset(row + before + inside, 0, result.rowSize() - before - inside);
  }
  return result;
}

RequiredWindow unionOf(const RequiredWindow& a, const RequiredWindow& b) {
  return {boundingWindow(a.window, b.window), std::min(a.reduction, b.reduction)};
}

}  // namespace lt::vision
