#include "vision/transforms/operations/sharpness.h"

#include "vision/image/simd.h"
#include "vision/transforms/operations/enhance.h"
#include "vision/transforms/operations/spare.h"

namespace lt {
namespace {

// Rows are `size` bytes; the middle one's first and last pixel are left out.
LT_AVX2_TOO void smoothRow(const uint8_t* above, const uint8_t* middle, const uint8_t* below, size_t size,
                           uint8_t* to) {
  for (size_t x = 3; x + 3 < size; x++) {
    const auto sum =
        static_cast<uint16_t>(above[x - 3] + above[x] + above[x + 3] + middle[x - 3] + 5 * middle[x] +
                              middle[x + 3] + below[x - 3] + below[x] + below[x + 3]);
    to[x] = static_cast<uint8_t>(static_cast<uint16_t>(2 * sum + 13) / 26);
  }
}

// Pillow's SMOOTH: a kernel of 3 x 3 ones with 5 in its middle, over 13, rounded. The border stays as it is.
void smooth(const Image& image, Image& result) {
  std::memcpy(result.pixels.get(), image.pixels.get(), image.size());
  for (int y = 1; y < image.height - 1; y++) {
    smoothRow(image.row(y - 1), image.row(y), image.row(y + 1), image.rowSize(), result.row(y));
  }
}

}  // namespace

void adjustSharpness(Image& image, float factor) {
  Image& smoothed = spareLike(image);
  smooth(image, smoothed);
  blend(smoothed.pixels.get(), image.pixels.get(), image.size(), factor);
}

}  // namespace lt
