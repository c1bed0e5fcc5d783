#include "vision/source.h"

#include "vision/decode.h"

namespace lt {

PackedSource::PackedSource(const uint8_t* bytes, size_t byteCount, int height, int width)
    : bytes_(bytes), count_(byteCount / (static_cast<size_t>(height) * width * 3)), height_(height), width_(width) {}

Image PackedSource::load(size_t index) const {
  Image image(height_, width_);
  const size_t plane = static_cast<size_t>(height_) * width_;
  const uint8_t* from = bytes_ + index * plane * 3;
  uint8_t* to = image.pixels.get();
  for (size_t i = 0; i < plane; i++, to += 3) {
    to[0] = from[i];
    to[1] = from[plane + i];
    to[2] = from[2 * plane + i];
  }
  return image;
}

Image FileSource::load(size_t index) const { return decodeFile(paths_[index]); }

}  // namespace lt
