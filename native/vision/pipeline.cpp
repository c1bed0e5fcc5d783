#include <map>

#include "vision/transform.h"

namespace lt {
namespace {

const std::map<std::string, TransformPtr (*)(const Options&)>& makers() {
  static const std::map<std::string, TransformPtr (*)(const Options&)> table = {
      {"resize", makeResize},
      {"resize-exact", makeResizeExact},
      {"center-crop", makeCenterCrop},
      {"random-crop", makeRandomCrop},
      {"horizontal-flip", makeHorizontalFlip},
      {"random-resized-crop", makeRandomResizedCrop},
      {"color-jitter", makeColorJitter},
      {"grayscale", makeGrayscale},
      {"gaussian-blur", makeGaussianBlur},
      {"auto-augment", makeAutoAugment},
      {"rand-augment", makeRandAugment},
      {"trivial-augment", makeTrivialAugment},
      {"cutout", makeCutout},
      {"operation", makeOperation},
  };
  return table;
}

}  // namespace

TransformPtr makeTransform(const std::string& kind, const Options& options) {
  const auto found = makers().find(kind);
  if (found == makers().end()) throw std::invalid_argument("unknown transform '" + kind + "'");
  return found->second(options);
}

void Pipeline::apply(Image& image, Philox& random) const {
  for (const auto& step : steps_) step->apply(image, random);
}

}  // namespace lt
