#include "kernels/kernels.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "common/napi.h"
#include "kernels/choice.h"
#include "kernels/conv3x3.h"

namespace lt {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Conv3x3 : torch::autograd::Function<Conv3x3> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight) {
    context->save_for_backward({input, weight});
    return kernels::forward(*kernels::choose(input, weight), input, weight);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &weight = saved[1];
    const bool wantsInput = context->needs_input_grad(0), wantsWeight = context->needs_input_grad(1);
    const auto* chosen = kernels::choose(input, weight);
    // A gradient that will be differentiated itself comes from operators that can be.
    if (!chosen || at::GradMode::is_enabled()) {
      auto [ofInput, ofWeight, ofBias] =
          at::convolution_backward(gradients[0], input, weight, std::nullopt, {1, 1}, {1, 1}, {1, 1}, false, {0, 0}, 1, {wantsInput, wantsWeight, false});
      return {ofInput, ofWeight};
    }
    const auto gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    return {wantsInput ? kernels::inputGradient(*chosen, gradient, weight) : at::Tensor(),
            wantsWeight ? kernels::weightGradient(*chosen, gradient, input, weight) : at::Tensor()};
  }
};

// x [N, Cin, H, W], weight [Cout, Cin, 3, 3] → [N, Cout, H, W]; stride 1, padding 1.
at::Tensor conv3x3(const at::Tensor& input, const at::Tensor& weight) {
  if (kernels::choose(input, weight)) return Conv3x3::apply(input, weight);
  return at::conv2d(input, weight, {}, 1, 1);
}

// Once, however many JavaScript environments load the addon. The library goes when the addon is unloaded, which Node
// does after the last environment of it has ended: a worker, where the main thread has no tensors.
void defineOperators() {
  static torch::Library library(torch::Library::DEF, "longtail", std::nullopt, __FILE__, __LINE__);
  static const bool defined = [] {
    library.def("conv3x3(Tensor input, Tensor weight) -> Tensor");
    library.impl("conv3x3", torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(conv3x3)));
    return true;
  }();
  (void)defined;
}

const std::pair<const char*, kernels::Use> kUses[] = {
    {"libtorch", kernels::Use::Libtorch},
    {"own", kernels::Use::Own},
    {"always", kernels::Use::Always},
};

// setKernels("own" | "libtorch" | "always"): who computes what both can.
napi_value setKernels(napi_env env, size_t, napi_value* argv) {
  const auto wanted = toStr(env, argv[0]);
  for (const auto& [name, use] : kUses)
    if (wanted == name) {
      kernels::setUse(use);
      return undefined(env);
    }
  throw JsError("TYPE", "kernels: expected own, libtorch or always, received " + wanted);
}

napi_value kernelsInUse(napi_env env, size_t, napi_value*) {
  for (const auto& [name, use] : kUses)
    if (use == kernels::use()) return str(env, name);
  return undefined(env);
}

}  // namespace

void initKernels(napi_env env, napi_value exports) {
  defineOperators();
  def<setKernels, 1>(env, exports, "setKernels");
  def<kernelsInUse, 0>(env, exports, "kernels");
}

}  // namespace lt
