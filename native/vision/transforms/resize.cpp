#include <algorithm>

#include "vision/transforms/framing.h"

namespace lt {
namespace {

// The shorter side becomes `size`, the other size · long / short without its fraction (as torchvision's
// Resize).
class Resize : public Framer {
 public:
  explicit Resize(int size) : size_(size) {}

  Framing framing(Size from, Philox&) const override {
    const int shorter = std::min(from.height, from.width);
    const auto scaled = [&](int side) {
      return static_cast<int>(static_cast<int64_t>(size_) * side / shorter);
    };
    return Framing::resize(from, {scaled(from.height), scaled(from.width)});
  }

 private:
  int size_;
};

class ResizeExact : public Framer {
 public:
  ResizeExact(int height, int width) : to_{height, width} {}

  Framing framing(Size from, Philox&) const override { return Framing::resize(from, to_); }

 private:
  Size to_;
};

}  // namespace

TransformPtr makeResize(const Options& options) { return std::make_unique<Resize>(options.integer("size")); }

TransformPtr makeResizeExact(const Options& options) {
  return std::make_unique<ResizeExact>(options.integer("height"), options.integer("width"));
}

}  // namespace lt
