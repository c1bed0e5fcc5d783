#include <cmath>

#include "vision/transforms/crop-resize.h"

namespace lt::vision {
namespace {

void requireRoom(const char* kind, Size image, int size, int padding) {
  if (image.height + 2 * padding >= size && image.width + 2 * padding >= size) return;
  throw DataError(std::string(kind) + ": expected at least " +
                  sizeText(size - 2 * padding, size - 2 * padding) + ", found " +
                  sizeText(image.height, image.width));
}

class CenterCrop : public CropResizer {
 public:
  explicit CenterCrop(int size) : size_(size) {}

  CropResize plan(Size image, Philox&) const override {
    requireRoom("center-crop", image, size_, 0);
    return CropResize::crop({offset(image.height), offset(image.width), size_, size_});
  }
  bool onlyCrops() const override { return true; }

 private:
  // Half of an odd margin goes to the even neighbor, as in torchvision.
  int offset(int side) const { return static_cast<int>(std::nearbyint((side - size_) / 2.0)); }

  int size_;
};

// A square in a corner; the first of the corners that torchvision's FiveCrop gives is the top left one.
class CornerCrop : public CropResizer {
 public:
  CornerCrop(int size, bool isBottom, bool isRight) : size_(size), isBottom_(isBottom), isRight_(isRight) {}

  CropResize plan(Size image, Philox&) const override {
    requireRoom("corner-crop", image, size_, 0);
    const int top = isBottom_ ? image.height - size_ : 0;
    return CropResize::crop({top, isRight_ ? image.width - size_ : 0, size_, size_});
  }
  bool onlyCrops() const override { return true; }

 private:
  int size_;
  bool isBottom_, isRight_;
};

class RandomCrop : public Transform {
 public:
  RandomCrop(int size, int padding) : size_(size), padding_(padding) {}

  void apply(Image& image, Philox& random) const override {
    requireRoom("random-crop", {image.height, image.width}, size_, padding_);
    image = crop(image, draw(image.height, image.width, random));
  }

  // { top, left }
  std::vector<double> drawn(int height, int width, Philox& random) const override {
    const Window window = draw(height, width, random);
    return {double(window.top), double(window.left)};
  }

 private:
  Window draw(int height, int width, Philox& random) const {
    const int top = offset(height, random);
    return {top, offset(width, random), size_, size_};
  }

  // Uniform over every window of the padded side.
  int offset(int side, Philox& random) const {
    return static_cast<int>(random.below(static_cast<uint32_t>(side + 2 * padding_ - size_ + 1))) - padding_;
  }

  int size_, padding_;
};

}  // namespace

TransformPtr makeCenterCrop(const Options& options) {
  return std::make_unique<CenterCrop>(options.integer("size"));
}

TransformPtr makeCornerCrop(const Options& options) {
  const std::string corner = options.text("corner");
  const bool isBottom = corner.starts_with("bottom"), isRight = corner.ends_with("right");
  return std::make_unique<CornerCrop>(options.integer("size"), isBottom, isRight);
}

TransformPtr makeRandomCrop(const Options& options) {
  return std::make_unique<RandomCrop>(options.integer("size"), options.integer("padding"));
}

}  // namespace lt::vision
