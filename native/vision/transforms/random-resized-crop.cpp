#include <algorithm>
#include <cmath>

#include "vision/transforms/crop-resize.h"

namespace lt::vision {
namespace {

// A window of random area and shape, resized to a square. Szegedy et al., CVPR 2015; torchvision's rules.
class RandomResizedCrop : public CropResizer {
 public:
  explicit RandomResizedCrop(const Options& options)
      : size_(options.integer("size")),
        area_(rangeOf(options, "scale")),
        ratio_(rangeOf(options, "ratio")),
        filter_(filterOf(options)) {}

  CropResize plan(Size image, Philox& random) const override {
    const Window window = draw(image.height, image.width, random);
    return {window, Axis::whole(window.height, size_, filter_), Axis::whole(window.width, size_, filter_)};
  }

  // { top, left, height, width }
  std::vector<double> drawn(int height, int width, Philox& random) const override {
    const auto [top, left, tall, wide] = draw(height, width, random);
    return {double(top), double(left), double(tall), double(wide)};
  }

 private:
  // The first of ten tries that lies inside the image. Sides are rounded, halves to even.
  Window draw(int height, int width, Philox& random) const {
    const double pixels = static_cast<double>(height) * width;
    for (int tries = 0; tries < 10; tries++) {
      const double area = pixels * area_.uniform(random);
      const double ratio = std::exp(Range{std::log(ratio_.low), std::log(ratio_.high)}.uniform(random));
      const int wide = static_cast<int>(std::nearbyint(std::sqrt(area * ratio)));
      const int tall = static_cast<int>(std::nearbyint(std::sqrt(area / ratio)));
      if (wide < 1 || wide > width || tall < 1 || tall > height) continue;
      const auto top = static_cast<int>(random.below(static_cast<uint32_t>(height - tall + 1)));
      const auto left = static_cast<int>(random.below(static_cast<uint32_t>(width - wide + 1)));
      return {top, left, tall, wide};
    }
    return middle(height, width);
  }

  // The largest window in the middle whose shape is allowed.
  Window middle(int height, int width) const {
    const double ratio = static_cast<double>(width) / height;
    int tall = height, wide = width;
    if (ratio < ratio_.low) tall = std::max(1, static_cast<int>(std::nearbyint(width / ratio_.low)));
    if (ratio > ratio_.high) wide = std::max(1, static_cast<int>(std::nearbyint(height * ratio_.high)));
    return {(height - tall) / 2, (width - wide) / 2, tall, wide};
  }

  int size_;
  Range area_, ratio_;
  Filter filter_;
};

}  // namespace

TransformPtr makeRandomResizedCrop(const Options& options) {
  return std::make_unique<RandomResizedCrop>(options);
}

}  // namespace lt::vision
