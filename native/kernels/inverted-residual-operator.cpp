// longtail::inverted_residual: a block of networks for phones, the network's first convolution with its first
// block. Without gradients and in evaluation our kernels compute it as one; otherwise it is its convolutions,
// one after the other (conv_norm).
#include <torch/library.h>

#include <algorithm>
#include <string_view>

#include "kernels/dispatch.h"
#include "kernels/folded-convolutions.h"
#include "kernels/operators.h"

namespace lt::kernels {
namespace {

constexpr size_t kParameters = 3, kRunning = 2;  // of a convolution and its norm

// The block's tensors and settings, convolution by convolution.
class Block {
 public:
  Block(const at::Tensor& input, at::TensorList parameters, at::TensorList running, const Norm& settings,
        bool training, const Geometry& expand, const Geometry& depthwise, Activation activation,
        bool addsInput)
      : input_(input),
        parameters_(parameters),
        training_(training),
        expandGeometry_(expand),
        depthwiseGeometry_(depthwise),
        activation_(activation),
        addsInput_(addsInput) {
    for (size_t c = 0; c * kParameters < parameters.size(); c++)
      norms_.push_back({parameters[c * kParameters + 1], parameters[c * kParameters + 2],
                        running[c * kRunning], running[c * kRunning + 1], settings.momentum, settings.eps,
                        settings.group});
  }

  at::Tensor compute() const {
    if (isFolded())
      if (const auto output = atOnce()) return *output;
    return oneByOne();
  }

 private:
  size_t count() const { return norms_.size(); }
  const at::Tensor& weight(size_t c) const { return parameters_[c * kParameters]; }

  bool isFolded() const {
    const auto isPlain = [](const at::Tensor& tensor) { return isPlainFloat(tensor); };
    return !training_ && !isRecorded(input_) && isPlainFloat(input_) &&
           std::none_of(parameters_.begin(), parameters_.end(), isRecorded) &&
           std::all_of(parameters_.begin(), parameters_.end(), isPlain) &&
           std::all_of(norms_.begin(), norms_.end(),
                       [&](const Norm& norm) { return isPlain(norm.runningVar); });
  }

  std::optional<at::Tensor> atOnce() const {
    const auto convolution = [&](size_t c) {
      return FoldedConvolution{weight(c), norms_[c], c + 1 < count() ? activation_ : Activation::None};
    };
    const FoldedConvolution first = convolution(0);
    return computeFolded(input_, {count() == 3 ? &first : nullptr, convolution(count() - 2),
                                  convolution(count() - 1), expandGeometry_, depthwiseGeometry_, addsInput_});
  }

  at::Tensor oneByOne() const {
    const std::optional<at::Tensor> none, shortcut = addsInput_ ? std::optional(input_) : none;
    at::Tensor value = input_;
    for (size_t c = 0; c < count(); c++) {
      const bool isLast = c + 1 == count();
      value =
          convNorm(value, weight(c), geometryOf(c),
                   {norms_[c], training_, isLast ? shortcut : none, isLast ? Activation::None : activation_});
    }
    return value;
  }

  Geometry geometryOf(size_t c) const {
    if (c + 1 == count()) return {kOnes, kZeros, 1};
    return c + 2 == count() ? depthwiseGeometry_ : expandGeometry_;
  }

  const at::Tensor& input_;
  const at::TensorList parameters_;
  const bool training_;
  const Geometry &expandGeometry_, &depthwiseGeometry_;
  const Activation activation_;
  const bool addsInput_;
  std::vector<Norm> norms_;
};

at::Tensor invertedResidual(const at::Tensor& input, at::TensorList parameters, at::TensorList running,
                            at::IntArrayRef expandStride, at::IntArrayRef expandPadding,
                            at::IntArrayRef stride, at::IntArrayRef padding, bool training, double momentum,
                            double eps, bool addsInput, std::string_view activation,
                            std::optional<int64_t> group) {
  const size_t count = parameters.size() / kParameters;
  TORCH_CHECK((count == 2 || count == 3) && parameters.size() == count * kParameters &&
                  running.size() == count * kRunning,
              "inverted_residual: expected ", kParameters, " parameters and ", kRunning,
              " running statistics for each of 2 or 3 convolutions, received ", parameters.size(), " and ",
              running.size());
  const int64_t channels = parameters[(count - 2) * kParameters].size(0);
  const Norm settings{{}, {}, {}, {}, momentum, eps, group};
  const Geometry expand{expandStride, expandPadding, 1}, depthwise{stride, padding, channels};
  return Block(input, parameters, running, settings, training, expand, depthwise, activationNamed(activation),
               addsInput)
      .compute();
}

}  // namespace

void defineInvertedResidual(torch::Library& library) {
  library.def(
      "inverted_residual(Tensor input, Tensor[] parameters, Tensor[] running, int[2] expand_stride, "
      "int[2] expand_padding, int[2] stride, int[2] padding, bool training, float momentum, float eps, bool "
      "adds_input, str activation, int? group) -> Tensor");
  library.impl("inverted_residual",
               torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(invertedResidual)));
}

}  // namespace lt::kernels
