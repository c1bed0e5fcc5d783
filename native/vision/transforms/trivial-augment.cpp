// TrivialAugment: Müller and Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation",
// ICCV 2021, with the "wide" space: one operation, its strength one of 31, both uniform.
#include <cmath>

#include "vision/transforms/policy.h"

namespace lt::vision {
namespace {

constexpr uint32_t kStrengths = 31;

// The value at a strength is base + weakest + fraction · (strongest - weakest), fraction = strength / 30.
struct Choice {
  const char* operation;
  double weakest = 0, strongest = 0;
  bool eitherSign = false;  // what is added to the base is negated in half of the draws
  double base = 0;
  double (*round)(double) = nullptr;
};

double toNearest(double value) { return std::nearbyint(value); }
double toZero(double value) { return std::trunc(value); }

constexpr Choice kChoices[] = {
    {.operation = "identity"},
    {.operation = "shear-x", .strongest = 0.99, .eitherSign = true},
    {.operation = "shear-y", .strongest = 0.99, .eitherSign = true},
    {.operation = "translate-x-pixels", .strongest = 32, .eitherSign = true, .round = toZero},
    {.operation = "translate-y-pixels", .strongest = 32, .eitherSign = true, .round = toZero},
    {.operation = "rotate", .strongest = 135, .eitherSign = true},
    {.operation = "brightness", .strongest = 0.99, .eitherSign = true, .base = 1},
    {.operation = "color", .strongest = 0.99, .eitherSign = true, .base = 1},
    {.operation = "contrast", .strongest = 0.99, .eitherSign = true, .base = 1},
    {.operation = "sharpness", .strongest = 0.99, .eitherSign = true, .base = 1},
    {.operation = "posterize", .weakest = 8, .strongest = 2, .round = toNearest},
    {.operation = "solarize", .weakest = 255, .strongest = 0},
    {.operation = "auto-contrast"},
    {.operation = "equalize"},
};

class TrivialAugment : public Policy {
 public:
  explicit TrivialAugment(const Options& options) : Policy(options, 1) {
    for (const Choice& choice : kChoices) operations_.push_back(&operationNamed(choice.operation));
  }

 private:
  Draw draw(Philox& random) const override {
    const uint32_t drawn = random.below(std::size(kChoices));
    const auto& [name, weakest, strongest, eitherSign, base, round] = kChoices[drawn];
    const double fraction = random.below(kStrengths) / (kStrengths - 1.0);
    double amount = weakest + fraction * (strongest - weakest);
    if (round) amount = round(amount);
    if (eitherSign && random.below(2) == 1) amount = -amount;
    return {0, {{operations_[drawn], base + amount}}};
  }

  std::vector<const Operation*> operations_;
};

}  // namespace

TransformPtr makeTrivialAugment(const Options& options) { return std::make_unique<TrivialAugment>(options); }

}  // namespace lt::vision
