#include <algorithm>

#include "vision/transforms/crop-resize.h"

namespace lt::vision {
namespace {

// Makes the shorter side `size` and the other size · long / short without its fraction, as torchvision's
// Resize does.
class Resize : public CropResizer {
 public:
  Resize(int size, Filter filter) : size_(size), filter_(filter) {}

  CropResize plan(Size from, Philox&) const override {
    const int shorter = std::min(from.height, from.width);
    const auto scaled = [&](int side) {
      return static_cast<int>(static_cast<int64_t>(size_) * side / shorter);
    };
    return CropResize::resize(from, {scaled(from.height), scaled(from.width)}, filter_);
  }

 private:
  int size_;
  Filter filter_;
};

class ResizeExact : public CropResizer {
 public:
  ResizeExact(Size to, Filter filter) : to_(to), filter_(filter) {}

  CropResize plan(Size from, Philox&) const override { return CropResize::resize(from, to_, filter_); }

 private:
  Size to_;
  Filter filter_;
};

}  // namespace

TransformPtr makeResize(const Options& options) {
  return std::make_unique<Resize>(options.integer("size"), filterOf(options));
}

TransformPtr makeResizeExact(const Options& options) {
  const Size to{options.integer("height"), options.integer("width")};
  return std::make_unique<ResizeExact>(to, filterOf(options));
}

}  // namespace lt::vision
