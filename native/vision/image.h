// An image in memory: 8-bit sRGB, rows from top to bottom, three interleaved channels (HWC). Moves; copies only when asked.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

namespace lt {

// Something wrong with the user's data; the message names the file or record. Becomes a DataError in JavaScript.
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Image {
  static constexpr int channels = 3;

  int height = 0, width = 0;
  std::unique_ptr<uint8_t[]> pixels;

  Image() = default;
  // A byte more than the pixels, so that the last one too can be read as four bytes.
  Image(int height_, int width_)
      : height(height_), width(width_), pixels(std::make_unique_for_overwrite<uint8_t[]>(size() + 1)) {}

  Image copy() const {
    Image same(height, width);
    std::memcpy(same.pixels.get(), pixels.get(), size());
    return same;
  }

  size_t size() const { return static_cast<size_t>(height) * width * channels; }
  size_t rowSize() const { return static_cast<size_t>(width) * channels; }
  uint8_t* row(int y) { return pixels.get() + y * rowSize(); }
  const uint8_t* row(int y) const { return pixels.get() + y * rowSize(); }
};

inline std::string sizeText(int height, int width) {
  return std::to_string(height) + " x " + std::to_string(width) + " (height x width)";
}

}  // namespace lt
