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
  // Where the next of these bytes is, or the end.
  size_t find(uint8_t byte, size_t from) const {
    const auto begin = content_.begin() + static_cast<std::ptrdiff_t>(std::min(from, content_.size()));
    return static_cast<size_t>(std::find(begin, content_.end(), byte) - content_.begin());
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

// PNG specification, 11.3.3: chunks that are decompressed when the file is opened, whatever they hold.
uint64_t compressedTextsOf(const Bytes& file) {
  constexpr size_t kSignature = 8, kFrame = 12;  // a chunk's length, type and checksum
  uint64_t sum = 0;
  for (size_t at = kSignature; at + kFrame <= file.size();) {
    const uint64_t length = file.big(at, 4);
    for (const auto type : {"zTXt"sv, "iTXt"sv, "iCCP"sv})
      if (file.hasTextAt(at + 4, type)) sum += std::min<uint64_t>(length, file.size() - at);
    at += kFrame + length;
  }
  return sum;
}

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
          .minFileSize = height * row / kMaxDeflateRatio,
          .compressedTexts = compressedTextsOf(file)};
}

// WebP container specification; RFC 6386, 9.1; WebP lossless bitstream specification, 3. A lossless image of
// one color takes no bytes at all for its pixels, so that the file's size says nothing. What is held was
// measured: libwebp's pixels, a canvas, and libvips' copy.
Declared declaredWebp(const Bytes& file) {
  constexpr uint64_t kAnimated = 2, kSide = (1 << 14) - 1;
  Declared declared{.height = 0, .width = 0, .atOnce = true, .workingBytes = 16, .kind = "a WebP"};
  const auto set = [&](uint64_t width, uint64_t height) {
    declared.width = side(width);
    declared.height = side(height);
  };
  if (file.hasTextAt(12, "VP8X"sv)) {
    set(file.little(24, 3) + 1, file.little(27, 3) + 1);
    if (file.at(20) & kAnimated) declared.workingBytes = 22;
  } else if (file.hasTextAt(12, "VP8L"sv)) {
    const uint64_t sides = file.little(21, 4);
    set((sides & kSide) + 1, (sides >> 14 & kSide) + 1);
  } else {
    set(file.little(26, 2) & kSide, file.little(28, 2) & kSide);
  }
  return declared;
}

// ITU-T T.81, B.2: segments up to the first scan, and up to the last where there are several. A coefficient,
// all of which are held where there are several scans, has 2 bytes. Each block of 8 x 8 takes 1 bit or more,
// the code of its mean, unless the code is arithmetic; channels that are stored at a lower resolution are not
// counted. A color profile (ICC.1, B.4) is applied to the whole result.
Declared declaredJpeg(const Bytes& file) {
  constexpr uint64_t kFirstFrame = 0xC0, kLastFrame = 0xCF, kHuffmanTables = 0xC4, kReserved = 0xC8,
                     kArithmeticTables = 0xCC, kFirstArithmetic = 0xC9, kRestart = 0xD0, kEnd = 0xD9,
                     kScan = 0xDA, kExif = 0xE1, kProfile = 0xE2, kStandalone = 0x01;
  constexpr uint64_t kInks = 4;
  Declared declared{.height = 0, .width = 0, .kind = "a JPEG"};
  uint64_t channels = 0, frame = 0;
  int scans = 0;
  bool hasProfile = false;
  for (size_t at = 2; at < file.size();) {
    at = file.find(0xFF, at);
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
      declared.copied = true;
    if (marker == kProfile && file.hasTextAt(at + 2, "ICC_PROFILE\0"sv)) hasProfile = true;
    if (marker == kScan) {
      const bool isProgressive = frame % 4 == 2;
      if (scans++ == 0) {
        if (!isProgressive && file.at(at + 2) >= channels) break;
        declared.workingBytes = static_cast<int>(2 * channels);
        declared.kind = isProgressive ? "a progressive JPEG" : "a JPEG of several scans";
      }
    }
    at += std::max<size_t>(length, 2);
  }
  declared.scans = std::max(scans, 1);
  if (hasProfile) declared.copied = true;
  // Inks are held, in place of the result, with the coefficients and then with the result.
  if (hasProfile && channels == kInks)
    declared.workingBytes =
        static_cast<int>(std::max<uint64_t>(declared.workingBytes + (kInks - Image::kChannels), kInks));
  const auto blocks = [](int pixels) { return (static_cast<uint64_t>(pixels) + 7) / 8; };
  if (frame < kFirstArithmetic) declared.minFileSize = blocks(declared.height) * blocks(declared.width) / 8;
  return declared;
}

// GIF89a specification, 18 to 20: the logical screen, which libvips enlarges to hold every image that reaches
// beyond it. What is held was measured: its decoder's pixels are four bytes, and libvips keeps copies.
Declared declaredGif(const Bytes& file) {
  constexpr uint64_t kImage = 0x2C, kExtension = 0x21, kHasTable = 0x80, kTableBits = 7;
  const auto tableSize = [](uint64_t flags) {
    return flags & kHasTable ? size_t{3} << ((flags & kTableBits) + 1) : size_t{0};
  };
  uint64_t width = file.little(6, 2), height = file.little(8, 2);
  for (size_t at = 13 + tableSize(file.at(10)); at < file.size();) {
    const uint64_t block = file.at(at);
    if (block != kImage && block != kExtension) break;
    if (block == kImage) {
      width = std::max(width, file.little(at + 1, 2) + file.little(at + 5, 2));
      height = std::max(height, file.little(at + 3, 2) + file.little(at + 7, 2));
      at += 11 + tableSize(file.at(at + 9));
    } else {
      at += 2;
    }
    while (at < file.size() && file.at(at) != 0) at += 1 + file.at(at);
    at++;
  }
  return {.height = side(height), .width = side(width), .atOnce = true, .workingBytes = 15, .kind = "a GIF"};
}

// TIFF 6.0, section 2, and BigTIFF: the fields of the first directory. A strip may hold the whole image. Each
// directory names the next.
Declared declaredTiff(const Bytes& file) {
  constexpr uint64_t kWidth = 256, kLength = 257, kBits = 258, kSamples = 277, kMaxFields = 4096;
  constexpr uint64_t kShort = 3, kBig = 43;
  const bool isLittle = file.at(0) == 'I';
  const auto number = [&](size_t index, int bytes) {
    return isLittle ? file.little(index, bytes) : file.big(index, bytes);
  };
  const bool isBig = number(2, 2) == kBig;
  const size_t directory = isBig ? number(8, 8) : number(4, 4);
  if (directory >= file.size()) return {.height = 0, .width = 0, .kind = "a TIFF"};
  const size_t first = directory + (isBig ? 8 : 2), size = isBig ? 20 : 12, valueAt = isBig ? 12 : 8;
  const uint64_t fields = std::min(number(directory, isBig ? 8 : 2), kMaxFields);
  uint64_t width = 0, height = 0, bits = 8, samples = 1;
  for (uint64_t i = 0; i < fields; i++) {
    const size_t at = first + i * size;
    const auto value = [&] { return number(at + valueAt, number(at + 2, 2) == kShort ? 2 : 4); };
    switch (number(at, 2)) {
      case kWidth:
        width = value();
        break;
      case kLength:
        height = value();
        break;
      case kBits:
        // One for each sample: up to two lie in the field itself (four in BigTIFF), more behind a pointer.
        if (number(at + 4, isBig ? 8 : 4) == 1)
          bits = value();
        else
          bits = 16;
        break;
      case kSamples:
        samples = value();
        break;
    }
  }
  int pages = 1;
  for (size_t at = directory; pages <= kMaxPages; pages++) {
    at = number(at + first - directory + number(at, isBig ? 8 : 2) * size, isBig ? 8 : 4);
    if (at == 0 || at >= file.size()) break;
  }
  const uint64_t held = (std::min<uint64_t>(bits, 64) * std::min<uint64_t>(samples, 16) + 7) / 8;
  return {.height = side(height),
          .width = side(width),
          .atOnce = true,
          .workingBytes = static_cast<int>(held),
          .copied = true,
          .kind = "a TIFF",
          .pages = pages};
}

// ISO/IEC 23008-12, 6.5.3: the extents ("ispe") of an AVIF's images, of which the largest is that of the
// whole: others are its tiles, its thumbnail and its transparency. What is held was measured.
Declared declaredAvif(const Bytes& file) {
  constexpr size_t kHeader = 8;
  Declared declared{.height = 0, .width = 0, .atOnce = true, .workingBytes = 24, .kind = "an AVIF"};
  for (size_t at = 0; at + kHeader <= file.size();) {
    const uint64_t size = file.big(at, 4);
    if (!file.hasTextAt(at + 4, "meta"sv)) {
      if (size < kHeader) break;
      at += size;
      continue;
    }
    const size_t end = std::min<uint64_t>(at + size, file.size());
    for (size_t box = at; box + 20 <= end; box++) {
      if (!file.hasTextAt(box + 4, "ispe"sv)) continue;
      declared.width = std::max(declared.width, side(file.big(box + 12, 4)));
      declared.height = std::max(declared.height, side(file.big(box + 16, 4)));
    }
    break;
  }
  return declared;
}

// BITMAPINFOHEADER: rows stand upside down where the height is positive.
Declared declaredBmp(const Bytes& file) {
  const auto magnitude = [](uint64_t value) { return value >> 31 ? (uint64_t{1} << 32) - value : value; };
  return {.height = side(magnitude(file.little(22, 4))), .width = side(file.little(18, 4)), .kind = "a BMP"};
}

}  // namespace

Declared declaredBy(std::span<const uint8_t> content, FileFormat format) {
  const Bytes file(content);
  switch (format) {
    case FileFormat::Jpeg:
      return declaredJpeg(file);
    case FileFormat::Png:
      return declaredPng(file);
    case FileFormat::Webp:
      return declaredWebp(file);
    case FileFormat::Gif:
      return declaredGif(file);
    case FileFormat::Tiff:
      return declaredTiff(file);
    case FileFormat::Avif:
      return declaredAvif(file);
    case FileFormat::Bmp:
      return declaredBmp(file);
  }
  return {};
}

}  // namespace lt::vision
