#include "vision/transforms/operations/adjustments.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "vision/image/simd.h"

namespace lt::vision {
namespace {

constexpr int kPasses = 3;

// A box that reaches `radius` whole pixels to each side and covers part of one more, with weights of 24 bits
// that make up one. Mixed precision as in Pillow.
struct Box {
  int radius;
  uint32_t inside, edge;

  explicit Box(float sigma) {
    const float variance = sigma * sigma / kPasses;
    const float length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
    const float whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
    float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
    part /= 6 * (variance - (whole + 1) * (whole + 1));
    constexpr uint32_t kOne = 1 << 24;
    radius = static_cast<int>(whole + part);
    inside = static_cast<uint32_t>(kOne / ((whole + part) * 2 + 1));
    edge = (kOne - (2 * radius + 1) * inside) / 2;
  }

  int taps() const { return 2 * radius + 3; }
  uint8_t weigh(uint32_t sum, uint32_t outer) const {
    return static_cast<uint8_t>((sum * inside + outer * edge + (1 << 23)) >> 24);
  }
};

// Computes to[i] from the bytes at i of 2 · radius + 3 lines that follow each other in the blur's direction.
LT_AVX2_TOO void blurLine(const uint8_t* const* lines, uint8_t* __restrict to, size_t count, const Box box) {
  const uint8_t *first = lines[0], *last = lines[box.taps() - 1];
  if (box.radius == 0) {
    const uint8_t* middle = lines[1];
    for (size_t i = 0; i < count; i++) to[i] = box.weigh(middle[i], first[i] + last[i]);
  } else if (box.radius == 1) {
    const uint8_t *before = lines[1], *middle = lines[2], *after = lines[3];
    for (size_t i = 0; i < count; i++)
      to[i] = box.weigh(before[i] + middle[i] + after[i], first[i] + last[i]);
  } else {
    constexpr size_t kAtOnce = 256;
    uint32_t sums[kAtOnce];
    for (size_t start = 0; start < count; start += kAtOnce) {
      const size_t end = std::min(count - start, kAtOnce);
      std::fill(sums, sums + end, 0);
      for (int line = 1; line < box.taps() - 1; line++) {
        for (size_t i = 0; i < end; i++) sums[i] += lines[line][start + i];
      }
      for (size_t i = 0; i < end; i++) to[start + i] = box.weigh(sums[i], first[start + i] + last[start + i]);
    }
  }
}

// A row between copies of its first and its last pixel.
class PaddedRow {
 public:
  PaddedRow(size_t size, const Box& box)
      : size_(size), margin_(Image::kChannels * (box.radius + 1)), bytes_(size + 2 * margin_) {
    for (int tap = 0; tap < box.taps(); tap++) lines_.push_back(bytes_.data() + Image::kChannels * tap);
  }

  uint8_t* row() { return bytes_.data() + margin_; }

  // Returns the row as each of the box's taps sees it.
  const uint8_t* const* lines() {
    uint8_t *first = row(), *end = row() + size_;
    for (size_t i = 0; i < margin_; i += Image::kChannels) {
      std::memcpy(bytes_.data() + i, first, Image::kChannels);
      std::memcpy(end + i, end - Image::kChannels, Image::kChannels);
    }
    return lines_.data();
  }

 private:
  size_t size_, margin_;
  std::vector<uint8_t> bytes_;
  std::vector<const uint8_t*> lines_;
};

void blurRows(Image& image, const Box& box) {
  PaddedRow from(image.rowSize(), box), to(image.rowSize(), box);
  for (int y = 0; y < image.height; y++) {
    std::memcpy(from.row(), image.row(y), image.rowSize());
    for (int pass = 0; pass < kPasses; pass++) {
      blurLine(from.lines(), to.row(), image.rowSize(), box);
      std::swap(from, to);
    }
    std::memcpy(image.row(y), from.row(), image.rowSize());
  }
}

void blurColumns(Image& image, const Box& box) {
  Image to(image.height, image.width);
  std::vector<const uint8_t*> lines(box.taps());
  for (int pass = 0; pass < kPasses; pass++) {
    for (int y = 0; y < image.height; y++) {
      for (int tap = 0; tap < box.taps(); tap++) {
        lines[tap] = image.row(std::clamp(y + tap - box.radius - 1, 0, image.height - 1));
      }
      blurLine(lines.data(), to.row(y), image.rowSize(), box);
    }
    std::swap(image, to);
  }
}

}  // namespace

void gaussianBlur(Image& image, float sigma) {
  const Box box(sigma);
  blurRows(image, box);
  blurColumns(image, box);
}

}  // namespace lt::vision
