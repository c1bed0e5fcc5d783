#include "vision/transforms/operations/adjustments.h"
#include "vision/transforms/transform.h"

namespace lt::vision {
namespace {

class Grayscale : public Transform {
 public:
  explicit Grayscale(double probability) : probability_(probability) {}

  void apply(Image& image, Philox& random) const override {
    if (random.uniform() < probability_) grayscale(image);
  }

  std::vector<double> drawn(int, int, Philox& random) const override {
    return {random.uniform() < probability_ ? 1.0 : 0.0};
  }

 private:
  double probability_;
};

}  // namespace

TransformPtr makeGrayscale(const Options& options) {
  return std::make_unique<Grayscale>(options.number("p"));
}

}  // namespace lt::vision
