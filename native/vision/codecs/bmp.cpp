#include "vision/codecs/bmp.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <string>

#include "vision/image/budget.h"
#include "vision/image/interruption.h"

namespace lt::vision {
namespace {

using Color = std::array<uint8_t, 3>;

// Fields of the file's header (14 bytes) and of BITMAPINFOHEADER, which follows it.
constexpr size_t kPixels = 10, kHeaderSize = 14, kWidth = 18, kHeight = 22, kBits = 28, kCompression = 30,
                 kColors = 46, kMasks = 54;
constexpr uint32_t kMinHeader = 40, kUncompressed = 0, kBitFields = 3, kAlphaBitFields = 6;

uint32_t numberAt(std::span<const uint8_t> content, size_t index, size_t bytes) {
  if (index + bytes > content.size()) throw DataError("damaged image (its header is not whole)");
  uint32_t value = 0;
  for (size_t i = bytes; i-- > 0;) value = value << 8 | content[index + i];
  return value;
}

// One channel of a pixel, as 8 bits.
class Channel {
 public:
  explicit Channel(uint32_t mask)
      : mask_(mask), shift_(mask ? std::countr_zero(mask) : 0), max_(mask ? mask >> shift_ : 1) {}

  uint8_t of(uint32_t pixel) const {
    const uint64_t value = (pixel & mask_) >> shift_;
    return static_cast<uint8_t>((value * 255 + max_ / 2) / max_);
  }

 private:
  uint32_t mask_;
  int shift_;
  uint32_t max_;
};

class Bitmap {
 public:
  explicit Bitmap(std::span<const uint8_t> content) : content_(content) {
    if (numberAt(content, kHeaderSize, 4) < kMinHeader)
      throw DataError(
          "expected a BMP with a header of 40 bytes or more, found one of OS/2 1.x; convert it to PNG");
    width_ = static_cast<int>(numberAt(content, kWidth, 4));
    height_ = static_cast<int32_t>(numberAt(content, kHeight, 4));
    if (width_ < 1 || height_ == 0) throw DataError("damaged image (it has no pixels)");
    bits_ = numberAt(content, kBits, 2);
    const uint32_t compression = numberAt(content, kCompression, 4);
    const bool hasFields = compression == kBitFields || compression == kAlphaBitFields;
    if (compression != kUncompressed && !hasFields)
      throw DataError("expected a BMP without compression, found compression " + std::to_string(compression) +
                      "; convert it to PNG");
    if (bits_ <= 8)
      readPalette();
    else if (bits_ == 16 || bits_ == 24 || bits_ == 32)
      chooseMasks(hasFields);
    else
      throw DataError("expected 1, 4, 8, 16, 24 or 32 bits for each pixel, found " + std::to_string(bits_));
  }

  Image decode() const {
    const bool isUpright = height_ < 0;
    Image image(std::abs(height_), width_);
    const uint64_t rowBytes = (uint64_t{bits_} * static_cast<uint64_t>(width_) + 31) / 32 * 4;
    const uint64_t start = numberAt(content_, kPixels, 4);
    if (start + rowBytes * static_cast<uint64_t>(image.height) > content_.size())
      throw DataError("truncated image (its pixels are not whole)");
    for (int y = 0; y < image.height; y++) {
      if (y % 256 == 0) Interruptible::check();
      const auto row = static_cast<uint64_t>(isUpright ? y : image.height - 1 - y);
      decodeRow(content_.data() + start + row * rowBytes, image.row(y));
    }
    return image;
  }

 private:
  void readPalette() {
    if (bits_ != 1 && bits_ != 4 && bits_ != 8)
      throw DataError("expected 1, 4, 8, 16, 24 or 32 bits for each pixel, found " + std::to_string(bits_));
    const uint32_t all = 1U << bits_, named = numberAt(content_, kColors, 4);
    const size_t from = kHeaderSize + numberAt(content_, kHeaderSize, 4);
    for (uint32_t i = 0; i < (named == 0 ? all : std::min(named, all)); i++) {
      const uint32_t color = numberAt(content_, from + 4 * i, 4);
      palette_[i] = {static_cast<uint8_t>(color >> 16), static_cast<uint8_t>(color >> 8),
                     static_cast<uint8_t>(color)};
    }
  }

  void chooseMasks(bool hasFields) {
    if (hasFields && bits_ != 24)
      for (size_t i = 0; i < 3; i++) channels_[i] = Channel(numberAt(content_, kMasks + 4 * i, 4));
    else if (bits_ == 16)
      channels_ = {Channel(0x7C00), Channel(0x03E0), Channel(0x001F)};
  }

  void decodeRow(const uint8_t* from, uint8_t* to) const {
    for (int x = 0; x < width_; x++, to += 3) {
      if (bits_ <= 8) {
        const uint32_t bit = static_cast<uint32_t>(x) * bits_;
        const uint32_t index = from[bit / 8] >> (8 - bits_ - bit % 8) & ((1U << bits_) - 1);
        std::copy(palette_[index].begin(), palette_[index].end(), to);
        continue;
      }
      uint32_t pixel = 0;
      for (uint32_t i = bits_ / 8; i-- > 0;)
        pixel = pixel << 8 | from[static_cast<uint32_t>(x) * bits_ / 8 + i];
      for (size_t i = 0; i < 3; i++) to[i] = channels_[i].of(pixel);
    }
  }

  std::span<const uint8_t> content_;
  int width_ = 0, height_ = 0;
  uint32_t bits_ = 0;
  std::array<Color, 256> palette_{};
  std::array<Channel, 3> channels_{Channel(0xFF0000), Channel(0xFF00), Channel(0xFF)};
};

}  // namespace

Image decodeBmp(std::span<const uint8_t> content) {
  const Bitmap bitmap(content);
  return bitmap.decode();
}

}  // namespace lt::vision
