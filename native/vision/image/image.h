// An image in memory: 8-bit sRGB, rows from top to bottom, three interleaved channels (HWC). Moves; copies
// only when asked.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include <sys/mman.h>

namespace lt::vision {

// Something wrong with the user's data; the message names the file or record. Becomes a DataError in
// JavaScript.
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Memory of an image. Of a large one it goes back to the system at once when it is freed: the allocator may
// keep it, beside what the next image takes.
struct FreePixels {
  size_t mapped = 0;
  void operator()(uint8_t* pixels) const {
    if (mapped > 0)
      munmap(pixels, mapped);
    else
      delete[] pixels;
  }
};
using Pixels = std::unique_ptr<uint8_t[], FreePixels>;

inline Pixels newPixels(size_t bytes) {
  constexpr size_t kLarge = size_t{64} << 20;
  if (bytes < kLarge) return Pixels(new uint8_t[bytes]);
  void* pixels = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pixels == MAP_FAILED) throw std::bad_alloc();
  return Pixels(static_cast<uint8_t*>(pixels), FreePixels{bytes});
}

struct Image {
  static constexpr int kChannels = 3;
  // Vector code may read and write this many bytes past the last pixel.
  static constexpr size_t kSlack = 32;

  int height = 0, width = 0;
  Pixels pixels;

  Image() = default;
  Image(int height_, int width_) : height(height_), width(width_), pixels(newPixels(size() + kSlack)) {}

  Image copy() const {
    Image same(height, width);
    std::memcpy(same.pixels.get(), pixels.get(), size());
    return same;
  }

  size_t size() const { return static_cast<size_t>(height) * width * kChannels; }
  size_t rowSize() const { return static_cast<size_t>(width) * kChannels; }
  uint8_t* row(int y) { return pixels.get() + y * rowSize(); }
  const uint8_t* row(int y) const { return pixels.get() + y * rowSize(); }
};

// An image, or a window of one, that belongs to someone else.
struct View {
  const uint8_t* pixels;
  size_t stride;  // bytes from one row to the next
  int height, width;

  View(const Image& image)
      : pixels(image.pixels.get()), stride(image.rowSize()), height(image.height), width(image.width) {}

  const uint8_t* row(int y) const { return pixels + y * stride; }
  // The window must lie inside.
  View window(int top, int left, int height_, int width_) const {
    View result = *this;
    result.pixels = row(top) + static_cast<size_t>(left) * Image::kChannels;
    result.height = height_;
    result.width = width_;
    return result;
  }
  Image copy() const {
    Image same(height, width);
    for (int y = 0; y < height; y++) std::memcpy(same.row(y), row(y), same.rowSize());
    return same;
  }
};

inline std::string sizeText(int height, int width) {
  return std::to_string(height) + " x " + std::to_string(width) + " (height x width)";
}

// Throws a DataError for an image that cannot be decoded; `reason` is the library's own account.
[[noreturn]] inline void failDecoding(const std::string& reason) {
  throw DataError("cannot be decoded, the file is damaged or truncated" +
                  (reason.empty() ? "" : " (" + reason + ")"));
}

}  // namespace lt::vision
