#include "vision/transforms/pipeline.h"

#include <map>

#include "vision/transforms/transform.h"

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

void Pipeline::add(TransformPtr step) {
  const auto* framer = dynamic_cast<const Framer*>(step.get());
  const bool opens = framer && openers_.size() == steps_.size() && (openers_.empty() || framer->onlyCrops());
  if (opens) openers_.push_back(framer);
  steps_.push_back(std::move(step));
}

Framing Pipeline::opening(Size size, Philox& random) const {
  Framing framing = Framing::resize(size, size);
  for (const Framer* opener : openers_) {
    const Framing next = opener->framing(framing.size(), random);
    framing = opener == openers_.front() ? next : framing.thenCrop(next.window);
  }
  return framing;
}

Need Pipeline::needed(Size size, Philox random) const {
  const Framing framing = opening(size, random);
  return {framing.needed(), framing.reduction()};
}

Image Pipeline::apply(const Part& part, Philox& random) const {
  Image image = opening(part.whole, random).of(part);
  for (size_t i = openers_.size(); i < steps_.size(); i++) steps_[i]->apply(image, random);
  return image;
}

}  // namespace lt
