// AutoAugment: Cubuk et al., "AutoAugment: learning augmentation strategies from data", CVPR 2019; the
// policies that were found on CIFAR-10 (their table 7) and on ImageNet (table 9), with the ranges of table 6.
#include <array>
#include <cmath>
#include <span>

#include "vision/transforms/policy.h"

namespace lt::vision {
namespace {

struct Choice {
  double probability;
  const char* operation;
  int level;  // 0 … 9 of the operation's range
};

using SubPolicy = std::array<Choice, 2>;

constexpr SubPolicy kCifar10[] = {
    {{{0.1, "invert", 7}, {0.2, "contrast", 6}}},
    {{{0.7, "rotate", 2}, {0.3, "translate-x", 9}}},
    {{{0.8, "sharpness", 1}, {0.9, "sharpness", 3}}},
    {{{0.5, "shear-y", 8}, {0.7, "translate-y", 9}}},
    {{{0.5, "auto-contrast", 8}, {0.9, "equalize", 2}}},
    {{{0.2, "shear-y", 7}, {0.3, "posterize", 7}}},
    {{{0.4, "color", 3}, {0.6, "brightness", 7}}},
    {{{0.3, "sharpness", 9}, {0.7, "brightness", 9}}},
    {{{0.6, "equalize", 5}, {0.5, "equalize", 1}}},
    {{{0.6, "contrast", 7}, {0.6, "sharpness", 5}}},
    {{{0.7, "color", 7}, {0.5, "translate-x", 8}}},
    {{{0.3, "equalize", 7}, {0.4, "auto-contrast", 8}}},
    {{{0.4, "translate-y", 3}, {0.2, "sharpness", 6}}},
    {{{0.9, "brightness", 6}, {0.2, "color", 8}}},
    {{{0.5, "solarize", 2}, {0.0, "invert", 3}}},
    {{{0.2, "equalize", 0}, {0.6, "auto-contrast", 0}}},
    {{{0.2, "equalize", 8}, {0.6, "equalize", 4}}},
    {{{0.9, "color", 9}, {0.6, "equalize", 6}}},
    {{{0.8, "auto-contrast", 4}, {0.2, "solarize", 8}}},
    {{{0.1, "brightness", 3}, {0.7, "color", 0}}},
    {{{0.4, "solarize", 5}, {0.9, "auto-contrast", 3}}},
    {{{0.9, "translate-y", 9}, {0.7, "translate-y", 9}}},
    {{{0.9, "auto-contrast", 2}, {0.8, "solarize", 3}}},
    {{{0.8, "equalize", 8}, {0.1, "invert", 3}}},
    {{{0.7, "translate-y", 9}, {0.9, "auto-contrast", 1}}},
};

constexpr SubPolicy kImageNet[] = {
    {{{0.4, "posterize", 8}, {0.6, "rotate", 9}}},  {{{0.6, "solarize", 5}, {0.6, "auto-contrast", 5}}},
    {{{0.8, "equalize", 8}, {0.6, "equalize", 3}}}, {{{0.6, "posterize", 7}, {0.6, "posterize", 6}}},
    {{{0.4, "equalize", 7}, {0.2, "solarize", 4}}}, {{{0.4, "equalize", 4}, {0.8, "rotate", 8}}},
    {{{0.6, "solarize", 3}, {0.6, "equalize", 7}}}, {{{0.8, "posterize", 5}, {1.0, "equalize", 2}}},
    {{{0.2, "rotate", 3}, {0.6, "solarize", 8}}},   {{{0.6, "equalize", 8}, {0.4, "posterize", 6}}},
    {{{0.8, "rotate", 8}, {0.4, "color", 0}}},      {{{0.4, "rotate", 9}, {0.6, "equalize", 2}}},
    {{{0.0, "equalize", 7}, {0.8, "equalize", 8}}}, {{{0.6, "invert", 4}, {1.0, "equalize", 8}}},
    {{{0.6, "color", 4}, {1.0, "contrast", 8}}},    {{{0.8, "rotate", 8}, {1.0, "color", 2}}},
    {{{0.8, "color", 8}, {0.8, "solarize", 7}}},    {{{0.4, "sharpness", 7}, {0.6, "invert", 8}}},
    {{{0.6, "shear-x", 5}, {1.0, "equalize", 9}}},  {{{0.4, "color", 0}, {0.6, "equalize", 3}}},
    {{{0.4, "equalize", 7}, {0.2, "solarize", 4}}}, {{{0.6, "solarize", 5}, {0.6, "auto-contrast", 5}}},
    {{{0.6, "invert", 4}, {1.0, "equalize", 8}}},   {{{0.6, "color", 4}, {1.0, "contrast", 8}}},
    {{{0.8, "equalize", 8}, {0.6, "equalize", 3}}},
};

double between(double from, double to, int level) {
  return level == 9 ? to : from + level * ((to - from) / 9);
}

// A choice, its level looked up: the value is `base` + magnitude, the magnitude negated in half of the draws
// if `eitherSign`.
struct RandomOperation {
  double probability;
  const Operation* operation;
  double base, magnitude;
  bool eitherSign;
  Interpolation interpolation = Interpolation::Nearest;
};

// Rotations go one way only and translations take the nearest pixel, as in the implementation that PaCo and
// NCL use.
RandomOperation randomOperationOf(const Choice& choice) {
  const std::string name = choice.operation;
  const Operation* operation = &operationNamed(name);
  const auto with = [&](double base, double from, double to, bool eitherSign) {
    return RandomOperation{choice.probability, operation, base, between(from, to, choice.level), eitherSign};
  };
  if (name == "shear-x" || name == "shear-y") {
    RandomOperation shear = with(0, 0, 0.3, true);
    shear.interpolation = Interpolation::Bicubic;
    return shear;
  }
  if (name == "translate-x" || name == "translate-y") return with(0, 0, 150.0 / 331, true);
  if (name == "rotate") return with(0, 0, 30, false);
  if (name == "solarize") return with(0, 256, 0, false);
  if (name == "posterize") {
    RandomOperation posterize = with(0, 8, 4, false);
    posterize.magnitude = std::nearbyint(posterize.magnitude);
    return posterize;
  }
  if (name == "auto-contrast" || name == "equalize" || name == "invert") return with(0, 0, 0, false);
  return with(1, 0, 0.9, true);  // color, contrast, sharpness, brightness
}

std::span<const SubPolicy> policyNamed(const std::string& name) {
  if (name == "cifar10") return kCifar10;
  if (name == "imagenet") return kImageNet;
  throw std::invalid_argument("auto-augment: unknown policy '" + name + "'");
}

class AutoAugment : public Policy {
 public:
  explicit AutoAugment(const Options& options) : Policy(options, 2) {
    for (const auto& [first, second] : policyNamed(options.text("policy")))
      subPolicies_.push_back({randomOperationOf(first), randomOperationOf(second)});
  }

 private:
  Draw draw(Philox& random) const override {
    Draw draw;
    draw.alternative = static_cast<int>(random.below(static_cast<uint32_t>(subPolicies_.size())));
    for (const RandomOperation& choice : subPolicies_[draw.alternative]) {
      if (random.uniform() >= choice.probability) continue;
      const bool negated = choice.eitherSign && random.below(2) == 1;
      draw.steps.push_back({choice.operation, choice.base + (negated ? -choice.magnitude : choice.magnitude),
                            choice.interpolation});
    }
    return draw;
  }

  std::vector<std::array<RandomOperation, 2>> subPolicies_;
};

}  // namespace

TransformPtr makeAutoAugment(const Options& options) { return std::make_unique<AutoAugment>(options); }

}  // namespace lt::vision
