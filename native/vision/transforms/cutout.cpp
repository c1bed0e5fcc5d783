#include <algorithm>
#include <array>

#include "vision/transforms/transform.h"

namespace lt::vision {
namespace {

// DeVries and Taylor, "Improved regularization of convolutional neural networks with Cutout", 2017: black
// squares, whose centers are uniform over the pixels of the image; what reaches over the edge is lost. An odd
// size is reduced by one.
class Cutout : public Transform {
 public:
  Cutout(int size, int holes) : half_(size / 2), holes_(holes) {}

  void apply(Image& image, Philox& random) const override {
    for (int hole = 0; hole < holes_; hole++) {
      const auto [y, x] = middle(image.height, image.width, random);
      const int left = std::max(0, x - half_), right = std::min(image.width, x + half_);
      for (int row = std::max(0, y - half_); row < std::min(image.height, y + half_); row++) {
        std::memset(image.row(row) + left * Image::kChannels, 0,
                    static_cast<size_t>(right - left) * Image::kChannels);
      }
    }
  }

  // y and x of each middle
  std::vector<double> drawn(int height, int width, Philox& random) const override {
    std::vector<double> numbers;
    for (int hole = 0; hole < holes_; hole++) {
      for (const int coordinate : middle(height, width, random)) numbers.push_back(coordinate);
    }
    return numbers;
  }

 private:
  static std::array<int, 2> middle(int height, int width, Philox& random) {
    const int y = static_cast<int>(random.below(static_cast<uint32_t>(height)));
    return {y, static_cast<int>(random.below(static_cast<uint32_t>(width)))};
  }

  int half_, holes_;
};

}  // namespace

TransformPtr makeCutout(const Options& options) {
  return std::make_unique<Cutout>(options.integer("size"), options.integer("holes"));
}

}  // namespace lt::vision
