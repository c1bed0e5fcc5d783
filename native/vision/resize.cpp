#include <algorithm>

#include "vision/resample.h"
#include "vision/transform.h"

namespace lt {
namespace {

// The shorter side becomes `size`, the other size · long / short without its fraction (as torchvision's Resize).
class Resize : public Transform {
 public:
  explicit Resize(int size) : size_(size) {}

  void apply(Image& image, Philox&) const override {
    const int shorter = std::min(image.height, image.width);
    if (shorter == size_) return;
    const auto scaled = [&](int side) { return static_cast<int>(static_cast<int64_t>(size_) * side / shorter); };
    image = resample(image, scaled(image.height), scaled(image.width));
  }

 private:
  int size_;
};

class ResizeExact : public Transform {
 public:
  ResizeExact(int height, int width) : height_(height), width_(width) {}

  void apply(Image& image, Philox&) const override {
    if (image.height == height_ && image.width == width_) return;
    image = resample(image, height_, width_);
  }

 private:
  int height_, width_;
};

}  // namespace

TransformPtr makeResize(const Options& options) { return std::make_unique<Resize>(options.integer("size")); }

TransformPtr makeResizeExact(const Options& options) {
  return std::make_unique<ResizeExact>(options.integer("height"), options.integer("width"));
}

}  // namespace lt
