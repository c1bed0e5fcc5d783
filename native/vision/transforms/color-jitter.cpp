#include <array>
#include <utility>

#include "vision/transforms/operations/adjustments.h"
#include "vision/transforms/transform.h"

namespace lt::vision {
namespace {

// Brightness, contrast, saturation and hue, each changed by a random amount, in random order. torchvision's
// rules.
class ColorJitter : public Transform {
 public:
  explicit ColorJitter(const Options& options)
      : amounts_{around(1, options, "brightness"), around(1, options, "contrast"),
                 around(1, options, "saturation"), around(0, options, "hue")},
        probability_(options.number("p")) {}

  void apply(Image& image, Philox& random) const override {
    const Change change = draw(random);
    if (!change.happens) return;
    for (const int kind : change.order) {
      if (!isNeutral(kind)) adjust(image, kind, change.amounts[kind]);
    }
  }

  // { 1 if it happens, then in their order the kinds: 0 brightness, 1 contrast, 2 saturation, 3 hue; the
  // amount of each kind }
  std::vector<double> drawn(int, int, Philox& random) const override {
    const auto [happens, order, amounts] = draw(random);
    std::vector<double> numbers = {happens ? 1.0 : 0.0};
    numbers.insert(numbers.end(), order.begin(), order.end());
    numbers.insert(numbers.end(), amounts.begin(), amounts.end());
    return numbers;
  }

 private:
  struct Change {
    bool happens;
    std::array<int, 4> order;
    std::array<double, 4> amounts;
  };

  // A strength s stands for neutral ± s; factors stay above zero.
  static Range around(double neutral, const Options& options, const char* key) {
    const std::vector<double> given = options.numbers(key);
    if (given.size() > 1) return rangeOf(options, key);
    const double strength = given.at(0), low = neutral - strength;
    return {neutral == 1 && low < 0 ? 0 : low, neutral + strength};
  }

  Change draw(Philox& random) const {
    Change change{random.uniform() < probability_, {0, 1, 2, 3}, {}};
    for (uint32_t left = 4; left > 1; left--)
      std::swap(change.order[left - 1], change.order[random.below(left)]);
    for (int kind = 0; kind < 4; kind++) change.amounts[kind] = amounts_[kind].uniform(random);
    return change;
  }

  // Neutral changes are left out altogether: even a hue that stays costs precision.
  bool isNeutral(int kind) const {
    const double neutral = kind == 3 ? 0 : 1;
    return amounts_[kind].low == neutral && amounts_[kind].high == neutral;
  }

  static void adjust(Image& image, int kind, double amount) {
    const auto factor = static_cast<float>(amount);
    if (kind == 0) adjustBrightness(image, factor);
    if (kind == 1) adjustContrast(image, factor);
    if (kind == 2) adjustSaturation(image, factor);
    if (kind == 3) rotateHue(image, static_cast<uint8_t>(static_cast<int>(amount * 255)));
  }

  std::array<Range, 4> amounts_;
  double probability_;
};

}  // namespace

TransformPtr makeColorJitter(const Options& options) { return std::make_unique<ColorJitter>(options); }

}  // namespace lt::vision
