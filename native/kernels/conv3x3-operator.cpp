// longtail::conv3x3: a 3x3 convolution with stride 1 and padding 1, by our kernels or by libtorch's.
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "kernels/conv3x3.h"
#include "kernels/dispatch.h"
#include "kernels/operators.h"

namespace lt::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Conv3x3 : torch::autograd::Function<Conv3x3> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight) {
    context->save_for_backward({input, weight});
    return kernels::forward(*convolutionKernels(input, weight), input, weight);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &weight = saved[1];
    const bool wantsInput = context->needs_input_grad(0), wantsWeight = context->needs_input_grad(1);
    const auto* chosen = convolutionKernels(input, weight);
    // A gradient that will be differentiated itself comes from operators that have a derivative.
    if (!chosen || at::GradMode::is_enabled()) {
      auto [ofInput, ofWeight, ofBias] =
          at::convolution_backward(gradients[0], input, weight, std::nullopt, {1, 1}, {1, 1}, {1, 1}, false,
                                   {0, 0}, 1, {wantsInput, wantsWeight, false});
      return {ofInput, ofWeight};
    }
    const auto gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    return {wantsInput ? kernels::inputGradient(*chosen, gradient, weight) : at::Tensor(),
            wantsWeight ? kernels::weightGradient(*chosen, gradient, input, weight) : at::Tensor()};
  }
};

}  // namespace

at::Tensor conv3x3(const at::Tensor& input, const at::Tensor& weight) {
  if (convolutionKernels(input, weight)) return Conv3x3::apply(input, weight);
  return at::conv2d(input, weight, {}, 1, 1);
}

void defineConv3x3(torch::Library& library) {
  library.def("conv3x3(Tensor input, Tensor weight) -> Tensor");
  library.impl("conv3x3", torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(conv3x3)));
}

}  // namespace lt::kernels
