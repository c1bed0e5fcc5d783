#include "vision/transforms/pipeline.h"

#include <map>

#include "vision/transforms/transform.h"

namespace lt::vision {
namespace {

const std::map<std::string, TransformPtr (*)(const Options&)>& makers() {
  static const std::map<std::string, TransformPtr (*)(const Options&)> table = {
      {"resize", makeResize},
      {"resize-exact", makeResizeExact},
      {"center-crop", makeCenterCrop},
      {"corner-crop", makeCornerCrop},
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

void Pipeline::add(TransformPtr step) {
  const auto* resizer = dynamic_cast<const CropResizer*>(step.get());
  const bool leads =
      resizer && leading_.size() == steps_.size() && (leading_.empty() || resizer->onlyCrops());
  if (leads) leading_.push_back(resizer);
  steps_.push_back(std::move(step));
}

CropResize Pipeline::leadingPlan(Size size, Philox& random) const {
  CropResize plan = CropResize::resize(size, size);
  for (const CropResizer* leader : leading_) {
    const CropResize next = leader->plan(plan.size(), random);
    plan = leader == leading_.front() ? next : plan.thenCrop(next.window);
  }
  return plan;
}

RequiredWindow Pipeline::required(Size size, Philox random) const {
  const CropResize plan = leadingPlan(size, random);
  return {plan.required(), plan.reduction()};
}

Image Pipeline::apply(const Region& region, Philox& random) const {
  Image image = leadingPlan(region.whole, random).apply(region);
  for (size_t i = leading_.size(); i < steps_.size(); i++) steps_[i]->apply(image, random);
  return image;
}

}  // namespace lt::vision
