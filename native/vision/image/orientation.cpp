#include "vision/image/orientation.h"

#include <string_view>
#include <utility>

namespace lt::vision {
namespace {

using namespace std::string_view_literals;

// A TIFF structure's numbers, in its own byte order. Reading past the end gives 0, which no valid field has
// here.
class Tiff {
 public:
  explicit Tiff(std::string_view bytes) : bytes_(bytes), little_(bytes.starts_with("II*\0"sv)) {}

  bool valid() const { return little_ || bytes_.starts_with("MM\0*"sv); }
  uint32_t at(size_t offset, int size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < static_cast<size_t>(size)) return 0;
    uint32_t value = 0;
    for (int i = 0; i < size; i++) {
      const int index = little_ ? size - 1 - i : i;
      value = value << 8 | static_cast<uint8_t>(bytes_[offset + static_cast<size_t>(index)]);
    }
    return value;
  }

 private:
  std::string_view bytes_;
  bool little_;
};

constexpr uint32_t kOrientationTag = 0x0112, kShortType = 3;
constexpr size_t kEntrySize = 12;

}  // namespace

// Exif 2.32, 4.5.4 and 4.6.2: "Exif", two zeros, a TIFF header (byte order, offset of the first directory); a
// directory is a count and its entries of tag (2 bytes), type (2), count (4), value (4).
int exifOrientation(std::span<const uint8_t> segment) {
  const std::string_view text(reinterpret_cast<const char*>(segment.data()), segment.size());
  if (!text.starts_with("Exif\0\0"sv)) return 1;
  const Tiff tiff(text.substr(6));
  if (!tiff.valid()) return 1;
  const size_t directory = tiff.at(4, 4);
  for (size_t i = 0, count = tiff.at(directory, 2); i < count; i++) {
    const size_t entry = directory + 2 + i * kEntrySize;
    if (tiff.at(entry, 2) != kOrientationTag) continue;
    const uint32_t value = tiff.at(entry + 2, 2) == kShortType ? tiff.at(entry + 8, 2) : 0;
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

// From 5 on the file's rows are columns of the upright image. 2, 3, 6, 7: its right is the upright left; 3,
// 4, 7, 8: its bottom is the upright top (after the exchange of rows and columns).
Image upright(Image image, int orientation) {
  if (orientation == 1) return image;
  const bool exchanged = orientation >= 5;
  const bool mirrored = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool upsideDown = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  Image result(exchanged ? image.width : image.height, exchanged ? image.height : image.width);
  for (int y = 0; y < result.height; y++) {
    uint8_t* to = result.row(y);
    const int across = upsideDown ? result.height - 1 - y : y;
    for (int x = 0; x < result.width; x++, to += 3) {
      const int along = mirrored ? result.width - 1 - x : x;
      const int row = exchanged ? along : across, column = exchanged ? across : along;
      std::memcpy(to, image.row(row) + static_cast<size_t>(column) * 3, 3);
    }
  }
  return result;
}

}  // namespace lt::vision
