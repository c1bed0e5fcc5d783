#include "vision/codecs/declared.h"

#include <algorithm>
#include <climits>
#include <string_view>

#include "vision/image/orientation.h"

namespace lt::vision {
namespace {

using namespace std::string_view_literals;

// A file's bytes as numbers; 0 beyond its end.
class Bytes {
 public:
  explicit Bytes(std::span<const uint8_t> content) : content_(content) {}

  uint64_t at(size_t index) const { return index < content_.size() ? content_[index] : 0; }
  uint64_t big(size_t index, int bytes) const {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | at(index + static_cast<size_t>(i));
    return value;
  }
  uint64_t little(size_t index, int bytes) const {
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--) value = value << 8 | at(index + static_cast<size_t>(i));
    return value;
  }
  bool hasTextAt(size_t index, std::string_view text) const {
    for (size_t i = 0; i < text.size(); i++)
      if (at(index + i) != static_cast<uint8_t>(text[i])) return false;
    return true;
  }
  std::span<const uint8_t> inside(size_t index, size_t length) const {
    const size_t from = std::min(index, content_.size());
    return content_.subspan(from, std::min(length, content_.size() - from));
  }
  size_t size() const { return content_.size(); }

 private:
  std::span<const uint8_t> content_;
};

int side(uint64_t value) { return static_cast<int>(std::min<uint64_t>(value, INT_MAX)); }

// PNG specification, 11.2.2: the first chunk.
Declared declaredPng(const Bytes& file) {
  // Deflate never shrinks data by more: its longest match, 258 bytes, takes 2 bits.
  constexpr uint64_t kMaxDeflateRatio = 1032;
  constexpr size_t kWidth = 16, kHeight = 20, kDepth = 24, kColor = 25, kInterlace = 28;
  constexpr uint64_t kChannels[] = {1, 0, 3, 1, 2, 0, 4};  // by type of color
  const uint64_t width = file.big(kWidth, 4), height = file.big(kHeight, 4);
  const uint64_t bits = file.at(kDepth) * kChannels[std::min<uint64_t>(file.at(kColor), 6)];
  const bool interlaced = file.at(kInterlace) != 0;
  const uint64_t row = 1 + (width * bits + 7) / 8;  // with the number of the row's filter
  // All of an interlaced image is held, a palette's and a gray one's as colors with transparency.
  const uint64_t held = std::max<uint64_t>((bits + 7) / 8, Image::kChannels + 1);
  return {.height = side(height),
          .width = side(width),
          .atOnce = interlaced,
          .workingBytes = interlaced ? static_cast<int>(held) : 0,
          .kind = interlaced ? "an interlaced PNG" : "a PNG",
          .minFileSize = height * row / kMaxDeflateRatio};
}

// WebP container specification; RFC 6386, 9.1; WebP lossless bitstream specification, 3. A lossless image of
// one color takes no bytes at all for its pixels, so that the file's size says nothing. What is held was
// measured: libwebp's pixels, a canvas, and libvips' copy.
Declared declaredWebp(const Bytes& file) {
  constexpr uint64_t kAnimated = 2, kSide = (1 << 14) - 1;
  Declared declared{.height = 0, .width = 0, .atOnce = true, .workingBytes = 12, .kind = "a WebP"};
  const auto set = [&](uint64_t width, uint64_t height) {
    declared.width = side(width);
    declared.height = side(height);
  };
  if (file.hasTextAt(12, "VP8X"sv)) {
    set(file.little(24, 3) + 1, file.little(27, 3) + 1);
    if (file.at(20) & kAnimated) declared.workingBytes = 16;
  } else if (file.hasTextAt(12, "VP8L"sv)) {
    const uint64_t sides = file.little(21, 4);
    set((sides & kSide) + 1, (sides >> 14 & kSide) + 1);
  } else {
    set(file.little(26, 2) & kSide, file.little(28, 2) & kSide);
  }
  return declared;
}

// ITU-T T.81, B.2: segments up to the first scan. A coefficient, all of which are held where there are
// several scans, has 2 bytes. Each block of 8 x 8 takes 1 bit or more, the code of its mean, unless the code
// is arithmetic; channels that are stored at a lower resolution are not counted.
Declared declaredJpeg(const Bytes& file) {
  constexpr uint64_t kFirstFrame = 0xC0, kLastFrame = 0xCF, kHuffmanTables = 0xC4, kReserved = 0xC8,
                     kArithmeticTables = 0xCC, kFirstArithmetic = 0xC9, kRestart = 0xD0, kEnd = 0xD9,
                     kScan = 0xDA, kExif = 0xE1, kStandalone = 0x01;
  Declared declared{.height = 0, .width = 0, .kind = "a JPEG"};
  uint64_t channels = 0, frame = 0;
  for (size_t at = 2; at < file.size();) {
    while (at < file.size() && file.at(at) != 0xFF) at++;
    while (at < file.size() && file.at(at) == 0xFF) at++;
    const uint64_t marker = file.at(at++);
    if (marker == kEnd) break;
    if (marker == 0 || marker == kStandalone || (marker >= kRestart && marker < kEnd)) continue;
    const size_t length = file.big(at, 2);
    const bool isFrame = marker >= kFirstFrame && marker <= kLastFrame && marker != kHuffmanTables &&
                         marker != kReserved && marker != kArithmeticTables;
    if (isFrame) {
      frame = marker;
      declared.height = side(file.big(at + 3, 2));
      declared.width = side(file.big(at + 5, 2));
      channels = file.at(at + 7);
    }
    if (marker == kExif && length > 2 && exifOrientation(file.inside(at + 2, length - 2)) != 1)
      declared.turned = true;
    if (marker == kScan) {
      const bool isProgressive = frame % 4 == 2;
      if (isProgressive || file.at(at + 2) < channels) {
        declared.workingBytes = static_cast<int>(2 * channels);
        declared.kind = isProgressive ? "a progressive JPEG" : "a JPEG of several scans";
      }
      break;
    }
    at += std::max<size_t>(length, 2);
  }
  const auto blocks = [](int pixels) { return (static_cast<uint64_t>(pixels) + 7) / 8; };
  if (frame < kFirstArithmetic) declared.minFileSize = blocks(declared.height) * blocks(declared.width) / 8;
  return declared;
}

}  // namespace

Declared declaredBy(std::span<const uint8_t> content, VipsFormat format) {
  const Bytes file(content);
  switch (format) {
    case VipsFormat::Jpeg:
      return declaredJpeg(file);
    case VipsFormat::Png:
      return declaredPng(file);
    case VipsFormat::Webp:
      return declaredWebp(file);
  }
  return {};
}

}  // namespace lt::vision
