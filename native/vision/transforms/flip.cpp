#include <utility>

#include "vision/image/pixel-order.h"
#include "vision/transforms/transform.h"

namespace lt::vision {
namespace {

class HorizontalFlip : public Transform {
 public:
  explicit HorizontalFlip(double probability) : probability_(probability) {}

  void apply(Image& image, Philox& random) const override {
    if (random.uniform() >= probability_) return;
    Image mirrored(image.height, image.width);
    for (int y = 0; y < image.height; y++)
      mirror(image.row(y), static_cast<size_t>(image.width), mirrored.row(y));
    image = std::move(mirrored);
  }

  std::vector<double> drawn(int, int, Philox& random) const override {
    return {random.uniform() < probability_ ? 1.0 : 0.0};
  }

 private:
  double probability_;
};

}  // namespace

TransformPtr makeHorizontalFlip(const Options& options) {
  return std::make_unique<HorizontalFlip>(options.number("p"));
}

}  // namespace lt::vision
