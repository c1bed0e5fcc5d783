#include "vision/transforms/policy.h"

namespace lt {
namespace {

// The policy without a choice.
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

}  // namespace lt
