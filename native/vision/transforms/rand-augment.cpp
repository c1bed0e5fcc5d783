// RandAugment: Cubuk et al., "RandAugment: practical automated data augmentation with a reduced search
// space", 2020, in the form "rand-n2-m10-mstd0.5" of PaCo (Cui et al., ICCV 2021) and NCL: operations are
// drawn with replacement, each is done with a probability, and its level is normally distributed.
#include <algorithm>

#include "vision/transforms/policy.h"

namespace lt::vision {
namespace {

constexpr double kMaxLevel = 10;

// The value at a level is low + fraction · (high - low), fraction = level / 10.
struct Choice {
  const char* operation;
  double low = 0, high = 0;
  bool whole = false;     // the fraction is dropped
  bool geometry = false;  // negated in half of the draws; bilinear or bicubic, each as often
};

// At level 10 solarize changes nothing and posterize keeps four bits, and fewer below, as in the reference.
constexpr Choice kChoices[] = {
    {.operation = "auto-contrast"},
    {.operation = "equalize"},
    {.operation = "invert"},
    {.operation = "rotate", .high = 30, .geometry = true},
    {.operation = "posterize", .high = 4, .whole = true},
    {.operation = "solarize", .high = 256, .whole = true},
    {.operation = "solarize-add", .high = 110, .whole = true},
    {.operation = "color", .low = 0.1, .high = 1.9},
    {.operation = "contrast", .low = 0.1, .high = 1.9},
    {.operation = "brightness", .low = 0.1, .high = 1.9},
    {.operation = "sharpness", .low = 0.1, .high = 1.9},
    {.operation = "shear-x", .high = 0.3, .geometry = true},
    {.operation = "shear-y", .high = 0.3, .geometry = true},
    {.operation = "translate-x", .high = 0.45, .geometry = true},
    {.operation = "translate-y", .high = 0.45, .geometry = true},
};

class RandAugment : public Policy {
 public:
  explicit RandAugment(const Options& options)
      : Policy(options, options.integer("operations")),
        count_(options.integer("operations")),
        magnitude_(options.number("magnitude")),
        deviation_(options.number("magnitudeStd")),
        probability_(options.number("p")) {
    for (const Choice& choice : kChoices) operations_.push_back(&operationNamed(choice.operation));
  }

 private:
  Draw draw(Philox& random) const override {
    Draw draw;
    for (int i = 0; i < count_; i++) {
      const uint32_t drawn = random.below(std::size(kChoices));
      if (random.uniform() < probability_)
        draw.steps.push_back(stepOf(kChoices[drawn], operations_[drawn], random));
    }
    return draw;
  }

  Step stepOf(const Choice& choice, const Operation* operation, Philox& random) const {
    const double level = deviation_ > 0 ? magnitude_ + deviation_ * random.normal() : magnitude_;
    double value = choice.low + std::clamp(level, 0.0, kMaxLevel) / kMaxLevel * (choice.high - choice.low);
    if (choice.whole) value = static_cast<int>(value);
    if (!choice.geometry) return {operation, value};
    if (random.below(2) == 1) value = -value;
    return {operation, value, random.below(2) == 1 ? Interpolation::Bicubic : Interpolation::Bilinear};
  }

  int count_;
  double magnitude_, deviation_, probability_;
  std::vector<const Operation*> operations_;
};

}  // namespace

TransformPtr makeRandAugment(const Options& options) { return std::make_unique<RandAugment>(options); }

}  // namespace lt::vision
