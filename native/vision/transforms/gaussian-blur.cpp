#include "vision/transforms/operations/adjustments.h"
#include "vision/transforms/transform.h"

namespace lt::vision {
namespace {

// Blurs some images, by a random width. SimCLR's augmentation (Chen et al., ICML 2020) as MoCo v2 has it.
class GaussianBlur : public Transform {
 public:
  explicit GaussianBlur(const Options& options)
      : sigma_(rangeOf(options, "sigma")), probability_(options.number("p")) {}

  void apply(Image& image, Philox& random) const override {
    const auto [happens, sigma] = draw(random);
    if (happens) gaussianBlur(image, static_cast<float>(sigma));
  }

  // { 1 if it happens, sigma }
  std::vector<double> drawn(int, int, Philox& random) const override {
    const auto [happens, sigma] = draw(random);
    return {happens ? 1.0 : 0.0, sigma};
  }

 private:
  struct Change {
    bool happens;
    double sigma;
  };

  Change draw(Philox& random) const {
    const bool happens = random.uniform() < probability_;
    return {happens, sigma_.uniform(random)};
  }

  Range sigma_;
  double probability_;
};

}  // namespace

TransformPtr makeGaussianBlur(const Options& options) { return std::make_unique<GaussianBlur>(options); }

}  // namespace lt::vision
