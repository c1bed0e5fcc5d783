#include <algorithm>

#include "vision/transforms/crop-resize.h"

namespace lt::vision {
namespace {

// Makes the shorter side `size` and the other size · long / short without its fraction, as torchvision's
// Resize does.
class Resize : public CropResizer {
 public:
  explicit Resize(int size) : size_(size) {}

  CropResize plan(Size from, Philox&) const override {
    const int shorter = std::min(from.height, from.width);
    const auto scaled = [&](int side) {
      return static_cast<int>(static_cast<int64_t>(size_) * side / shorter);
    };
    return CropResize::resize(from, {scaled(from.height), scaled(from.width)});
  }

 private:
  int size_;
};

class ResizeExact : public CropResizer {
 public:
  ResizeExact(int height, int width) : to_{height, width} {}

  CropResize plan(Size from, Philox&) const override { return CropResize::resize(from, to_); }

 private:
  Size to_;
};

}  // namespace

TransformPtr makeResize(const Options& options) { return std::make_unique<Resize>(options.integer("size")); }

TransformPtr makeResizeExact(const Options& options) {
  return std::make_unique<ResizeExact>(options.integer("height"), options.integer("width"));
}

}  // namespace lt::vision
