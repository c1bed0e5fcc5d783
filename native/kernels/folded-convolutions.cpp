#include "kernels/folded-convolutions.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "kernels/dispatch.h"
#include "kernels/inverted-residual.h"
#include "kernels/parallel.h"
#include "kernels/workspace.h"

namespace lt::kernels {
namespace {

Range rangeOf(Activation activation) {
  if (activation == Activation::None) return {};
  Range range{.minimum = 0};
  if (activation == Activation::Relu6) range.maximum = kRelu6Ceiling;
  return range;
}

// The shift of a folded norm, in whole vectors.
class Bias {
 public:
  Bias(const FoldedNorm& norm, int width)
      : memory_(static_cast<size_t>((norm.shift().size(0) + width - 1) / width * width)) {
    const int64_t channels = norm.shift().size(0);
    std::copy_n(kernels::data(norm.shift()), channels, memory_.data());
    std::fill(memory_.data() + channels, memory_.data() + (channels + width - 1) / width * width, 0.f);
  }
  const float* data() const { return memory_.data(); }

 private:
  const Workspace memory_;
};

class PackedPointwise {
 public:
  PackedPointwise(const Kernels& kernels, const FoldedConvolution& convolution)
      : PackedPointwise(kernels, convolution, FoldedNorm(convolution.norm)) {}

  const Pointwise& job() const { return job_; }

 private:
  PackedPointwise(const Kernels& kernels, const FoldedConvolution& convolution, const FoldedNorm& norm)
      : channels_(channelsOf(convolution.weight)),
        weights_(static_cast<size_t>(pointwiseFloats(channels_.inputs, channels_.outputs, kernels.width))),
        bias_(norm, kernels.width),
        job_{channels_.inputs, channels_.outputs, weights_.data(), bias_.data(),
             rangeOf(convolution.activation)} {
    const at::Tensor weight = convolution.weight.contiguous();
    packPointwise(kernels::data(weight), kernels::data(norm.scale()), channels_.inputs, channels_.outputs,
                  kernels.width, weights_.data());
  }

  const Channels channels_;
  const Workspace weights_;
  const Bias bias_;
  const Pointwise job_;
};

// How a depthwise convolution reads images.
struct DepthwiseShape {
  DepthwiseWeights weights;
  int kernel, stride, top, left;
  int64_t height, width;  // of the output
};

// Whether the first rows, or columns, of all kernels are zeros: Conv2d's "same" puts one less zero around the
// images that way.
bool startsWithZeros(const float* weights, const at::Tensor& weight, bool columns) {
  const int64_t channels = weight.size(0), height = weight.size(2), width = weight.size(3);
  const int64_t count = columns ? height : width, step = columns ? width : 1;
  for (int64_t c = 0; c < channels; c++)
    for (int64_t i = 0; i < count; i++)
      if (weights[c * height * width + i * step] != 0) return false;
  return true;
}

// Takes contiguous weights. Returns null for a shape that our kernels have not.
std::optional<DepthwiseShape> shapeOf(const at::Tensor& input, const at::Tensor& weight,
                                      const Geometry& geometry) {
  const int64_t rows = weight.size(2), columns = weight.size(3);
  const float* values = data(weight);
  const int skippedRows = rows % 2 == 0 && startsWithZeros(values, weight, false),
            skippedColumns = columns % 2 == 0 && startsWithZeros(values, weight, true);
  const int64_t kernel = rows - skippedRows, stride = geometry.stride[0];
  if (kernel != columns - skippedColumns || (kernel != 3 && kernel != 5)) return std::nullopt;
  if (stride != geometry.stride[1] || (stride != 1 && stride != 2)) return std::nullopt;
  const int64_t height = input.size(2) + 2 * geometry.padding[0] - rows,
                width = input.size(3) + 2 * geometry.padding[1] - columns;
  if (height < 0 || width < 0) return std::nullopt;
  return DepthwiseShape{
      {values, static_cast<int>(rows), static_cast<int>(columns), skippedRows, skippedColumns},
      static_cast<int>(kernel),
      static_cast<int>(stride),
      static_cast<int>(geometry.padding[0]) - skippedRows,
      static_cast<int>(geometry.padding[1]) - skippedColumns,
      height / stride + 1,
      width / stride + 1};
}

class PackedDepthwise {
 public:
  PackedDepthwise(const Kernels& kernels, const FoldedConvolution& convolution, const DepthwiseShape& shape)
      : PackedDepthwise(kernels, convolution, shape, FoldedNorm(convolution.norm)) {}

  const Depthwise& job() const { return job_; }

 private:
  PackedDepthwise(const Kernels& kernels, const FoldedConvolution& convolution, const DepthwiseShape& shape,
                  const FoldedNorm& norm)
      : weights_(static_cast<size_t>(norm.scale().size(0) * shape.kernel * shape.kernel)),
        bias_(norm, kernels.width),
        job_{static_cast<int>(norm.scale().size(0)),
             shape.kernel,
             shape.stride,
             shape.top,
             shape.left,
             weights_.data(),
             bias_.data(),
             rangeOf(convolution.activation)} {
    packDepthwise(shape.weights, kernels::data(norm.scale()), job_.channels, kernels.width, weights_.data());
  }

  const Workspace weights_;
  const Bias bias_;
  const Depthwise job_;
};

void run(const Kernels& kernels, const InvertedResidual& job) {
  const size_t scratch = Bands(job).scratchFloats;
  parallelFor(job.images.count * job.height,
              [&](Chunk chunk) { kernels.invertedResidual(job, chunk, Workspace(scratch).data()); });
}

at::Tensor emptyImages(const at::Tensor& like, int64_t channels, int64_t height, int64_t width) {
  return at::empty({like.size(0), channels, height, width},
                   like.options().memory_format(at::MemoryFormat::ChannelsLast));
}

at::Tensor convolvePointwise(const Kernels& kernels, const at::Tensor& input,
                             const FoldedConvolution& convolution,
                             const std::optional<at::Tensor>& shortcut) {
  const PackedPointwise packed(kernels, convolution);
  at::Tensor output = emptyImages(input, packed.job().outputs, input.size(2), input.size(3));
  const PointwiseImages job{packed.job(), pixelsOf(input).count, data(input),
                            shortcut ? data(*shortcut) : nullptr, output.mutable_data_ptr<float>()};
  parallelFor(job.pixels, [&](Chunk chunk) { kernels.pointwise(job, chunk); });
  return output;
}

at::Tensor convolveDepthwise(const Kernels& kernels, const at::Tensor& input,
                             const FoldedConvolution& convolution, const DepthwiseShape& shape) {
  const PackedDepthwise packed(kernels, convolution, shape);
  at::Tensor output = emptyImages(input, input.size(1), shape.height, shape.width);
  run(kernels, {nullptr, packed.job(), nullptr, imagesOf(input), shape.height, shape.width, data(input),
                nullptr, output.mutable_data_ptr<float>()});
  return output;
}

// Whether weight and norm are of a convolution of so many channels; otherwise libtorch says what is wrong.
bool takes(const FoldedConvolution& convolution, int64_t inputs) {
  const auto& [weight, norm, activation] = convolution;
  const auto isOfOutputs = [&](const at::Tensor& tensor) {
    return isPlainFloat(tensor) && tensor.numel() == convolution.weight.size(0);
  };
  return isPlainFloat(weight) && weight.dim() == 4 && weight.size(1) == inputs && isOfOutputs(norm.weight) &&
         isOfOutputs(norm.bias) && isOfOutputs(norm.runningMean) && isOfOutputs(norm.runningVar);
}

bool isPointwise(const at::Tensor& weight) { return weight.size(2) == 1 && weight.size(3) == 1; }

}  // namespace

std::optional<at::Tensor> convolveFolded(const at::Tensor& input, const FoldedConvolution& convolution,
                                         const Geometry& geometry,
                                         const std::optional<at::Tensor>& shortcut) {
  if (input.dim() != 4 || !takes(convolution, input.size(1) / geometry.groups)) return std::nullopt;
  const int64_t outputs = convolution.weight.size(0);
  if (shortcut &&
      (!isPlainFloat(*shortcut) ||
       shortcut->sizes() != at::IntArrayRef({input.size(0), outputs, input.size(2), input.size(3)})))
    return std::nullopt;
  if (const Kernels* kernels = pointwiseKernels(input, convolution.weight, geometry))
    return convolvePointwise(*kernels, input, convolution,
                             shortcut ? shortcut->contiguous(at::MemoryFormat::ChannelsLast) : shortcut);
  const Kernels* kernels = shortcut ? nullptr : depthwiseKernels(input, convolution.weight, geometry);
  if (!kernels) return std::nullopt;
  const at::Tensor weight = convolution.weight.contiguous();
  const auto shape = shapeOf(input, weight, geometry);
  if (!shape) return std::nullopt;
  return convolveDepthwise(*kernels, input, convolution, *shape);
}

std::optional<at::Tensor> computeFolded(const at::Tensor& input, const FoldedBlock& block) {
  const auto& [expand, depthwise, project, geometry, addsInput] = block;
  if (input.dim() != 4 || !takes(depthwise, 1)) return std::nullopt;
  const int64_t inner = depthwise.weight.size(0);
  if (expand
          ? !takes(*expand, input.size(1)) || !isPointwise(expand->weight) || expand->weight.size(0) != inner
          : input.size(1) != inner)
    return std::nullopt;
  if (!takes(project, inner) || !isPointwise(project.weight)) return std::nullopt;
  const Kernels* kernels = blockKernels(input, depthwise.weight);
  if (!kernels) return std::nullopt;
  const at::Tensor weight = depthwise.weight.contiguous();
  const auto shape = shapeOf(input, weight, geometry);
  if (!shape) return std::nullopt;
  at::Tensor output = emptyImages(input, project.weight.size(0), shape->height, shape->width);
  if (addsInput && output.sizes() != input.sizes()) return std::nullopt;
  const PackedDepthwise packedDepthwise(*kernels, depthwise, *shape);
  const PackedPointwise packedProject(*kernels, project);
  std::optional<PackedPointwise> packedExpand;
  if (expand) packedExpand.emplace(*kernels, *expand);
  run(*kernels, {packedExpand ? &packedExpand->job() : nullptr, packedDepthwise.job(), &packedProject.job(),
                 imagesOf(input), shape->height, shape->width, data(input), addsInput ? data(input) : nullptr,
                 output.mutable_data_ptr<float>()});
  return output;
}

}  // namespace lt::kernels
