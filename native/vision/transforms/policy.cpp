#include "vision/transforms/policy.h"

#include <stdexcept>

namespace lt::vision {
namespace {

Color colorOf(const Options& options, const char* key) {
  const std::vector<double> levels = options.numbers(key);
  if (levels.size() != Image::kChannels)
    throw std::invalid_argument(std::string(key) + ": expected three levels");
  return {static_cast<uint8_t>(levels[0]), static_cast<uint8_t>(levels[1]), static_cast<uint8_t>(levels[2])};
}

}  // namespace

Policy::Policy(const Options& options, int steps)
    : fill_(colorOf(options, "fill")), steps_(static_cast<size_t>(steps)) {}

void Policy::apply(Image& image, Philox& random) const {
  for (const auto& [operation, value, interpolation] : draw(random).steps)
    operation->apply(image, value, {interpolation, fill_});
}

std::vector<double> Policy::drawn(int, int, Philox& random) const {
  const auto [alternative, steps] = draw(random);
  std::vector<double> numbers = {static_cast<double>(alternative)};
  for (const auto& [operation, value, interpolation] : steps) {
    for (const double number :
         {static_cast<double>(numberOf(*operation)), value, static_cast<double>(interpolation)})
      numbers.push_back(number);
  }
  numbers.resize(1 + 3 * steps_, -1);
  return numbers;
}

namespace {

// The policy that always does the same operation.
class SingleOperation : public Policy {
 public:
  explicit SingleOperation(const Options& options)
      : Policy(options, 1),
        step_{&operationNamed(options.text("name")), options.number("value"),
              interpolationNamed(options.text("interpolation"))} {}

 private:
  Draw draw(Philox&) const override { return {0, {step_}}; }

  Step step_;
};

}  // namespace

TransformPtr makeOperation(const Options& options) { return std::make_unique<SingleOperation>(options); }

}  // namespace lt::vision
