#include <utility>

#include "vision/transform.h"

namespace lt {
namespace {

class HorizontalFlip : public Transform {
 public:
  explicit HorizontalFlip(double probability) : probability_(probability) {}

  void apply(Image& image, Philox& random) const override {
    if (random.uniform() >= probability_) return;
    for (int y = 0; y < image.height; y++) {
      uint8_t* left = image.row(y);
      uint8_t* right = left + image.rowSize() - 3;
      for (; left < right; left += 3, right -= 3) {
        for (int c = 0; c < 3; c++) std::swap(left[c], right[c]);
      }
    }
  }

  std::vector<double> drawn(int, int, Philox& random) const override { return {random.uniform() < probability_ ? 1.0 : 0.0}; }

 private:
  double probability_;
};

}  // namespace

TransformPtr makeHorizontalFlip(const Options& options) {
  return std::make_unique<HorizontalFlip>(options.number("p"));
}

}  // namespace lt
