#include "kernels/folded-convolutions.h"

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
  PackedPointwise(const Kernels& kernels, const FoldedConvolution& convolution, Threes threes)
      : PackedPointwise(kernels, convolution, FoldedNorm(convolution.norm), threes) {}

  const Pointwise& job() const { return job_; }

 private:
  PackedPointwise(const Kernels& kernels, const FoldedConvolution& convolution, const FoldedNorm& norm,
                  Threes threes)
      : channels_(channelsOf(convolution.weight)),
        weights_(static_cast<size_t>(pointwiseFloats(channels_.inputs, channels_.outputs, kernels.width))),
        bias_(norm, kernels.width),
        job_{channels_.inputs,
             channels_.outputs,
             weights_.data(),
             bias_.data(),
             rangeOf(convolution.activation),
             threes} {
    const at::Tensor weight = convolution.weight.contiguous();
    packPointwise({kernels::data(weight), kernels::data(norm.scale()), channels_.inputs, channels_.outputs},
                  threes, kernels.width, weights_.data());
  }

  const Channels channels_;
  const Workspace weights_;
  const Bias bias_;
  const Pointwise job_;
};

// How a convolution with a square kernel reads images.
struct Shape {
  int skippedRows, skippedColumns;  // the kernel's first ones, which are zeros
  int kernel, stride, top, left;
  int64_t height, width;  // of the output
};

// Whether the first rows, or columns, of all kernels are zeros: Conv2d's "same" puts one less zero around the
// images that way.
bool startsWithZeros(const at::Tensor& weight, bool columns) {
  const float* values = data(weight);
  const int64_t kernels = weight.size(0) * weight.size(1), height = weight.size(2), width = weight.size(3);
  const int64_t count = columns ? height : width, step = columns ? width : 1;
  for (int64_t k = 0; k < kernels; k++)
    for (int64_t i = 0; i < count; i++)
      if (values[k * height * width + i * step] != 0) return false;
  return true;
}

// Takes contiguous weights. Returns null where the kernel or the stride is no square.
std::optional<Shape> shapeOf(const Images& images, const at::Tensor& weight, const Geometry& geometry) {
  const int64_t rows = weight.size(2), columns = weight.size(3);
  const int skippedRows = rows % 2 == 0 && startsWithZeros(weight, false),
            skippedColumns = columns % 2 == 0 && startsWithZeros(weight, true);
  const int64_t kernel = rows - skippedRows, stride = geometry.stride[0];
  if (kernel != columns - skippedColumns || stride != geometry.stride[1]) return std::nullopt;
  const int64_t height = images.height + 2 * geometry.padding[0] - rows,
                width = images.width + 2 * geometry.padding[1] - columns;
  if (height < 0 || width < 0) return std::nullopt;
  return Shape{skippedRows,
               skippedColumns,
               static_cast<int>(kernel),
               static_cast<int>(stride),
               static_cast<int>(geometry.padding[0]) - skippedRows,
               static_cast<int>(geometry.padding[1]) - skippedColumns,
               height / stride + 1,
               width / stride + 1};
}

// The same for a depthwise convolution; null for a shape that our kernels have not.
std::optional<Shape> depthwiseShapeOf(const Images& images, const at::Tensor& weight,
                                      const Geometry& geometry) {
  const auto shape = shapeOf(images, weight, geometry);
  const bool isOurs = shape && (shape->kernel == 3 || shape->kernel == 5) && shape->stride <= 2;
  return isOurs ? shape : std::nullopt;
}

class PackedDepthwise {
 public:
  PackedDepthwise(const Kernels& kernels, const FoldedConvolution& convolution, const Shape& shape)
      : PackedDepthwise(kernels, convolution, shape, FoldedNorm(convolution.norm)) {}

  const Depthwise& job() const { return job_; }

 private:
  PackedDepthwise(const Kernels& kernels, const FoldedConvolution& convolution, const Shape& shape,
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
    const at::Tensor weight = convolution.weight.contiguous();
    packDepthwise({kernels::data(weight), static_cast<int>(weight.size(2)), static_cast<int>(weight.size(3)),
                   shape.skippedRows, shape.skippedColumns},
                  kernels::data(norm.scale()), job_.channels, kernels.width, weights_.data());
  }

  const Workspace weights_;
  const Bias bias_;
  const Depthwise job_;
};

void run(const Kernels& kernels, const InvertedResidual& job) {
  const size_t scratch = Bands(job).scratchFloats;
  parallelFor(Chunks(job.images.count * job.height, job.height),
              [&](Chunk chunk) { kernels.invertedResidual(job, chunk, Workspace(scratch).data()); });
}

at::Tensor convolvePointwise(const Kernels& kernels, const at::Tensor& input,
                             const FoldedConvolution& convolution,
                             const std::optional<at::Tensor>& shortcut) {
  const PackedPointwise packed(kernels, convolution, Threes::AtTheEnd);
  at::Tensor output = emptyImages(input, packed.job().outputs, input.size(2), input.size(3));
  const PointwiseImages job{packed.job(),
                            pixelsOf(input).count,
                            data(input),
                            shortcut ? data(*shortcut) : nullptr,
                            output.mutable_data_ptr<float>(),
                            packed.job().outputs};
  constexpr int64_t kSmallest = 192;  // pixels, for which all weights are read
  parallelFor(Chunks(job.pixels, kSmallest), [&](Chunk chunk) { kernels.pointwise(job, chunk); });
  return output;
}

at::Tensor convolveDepthwise(const Kernels& kernels, const at::Tensor& input,
                             const FoldedConvolution& convolution, const Shape& shape) {
  const PackedDepthwise packed(kernels, convolution, shape);
  at::Tensor output = emptyImages(input, input.size(1), shape.height, shape.width);
  run(kernels, {nullptr, nullptr, packed.job(), nullptr, imagesOf(input), shape.height, shape.width,
                data(input), nullptr, output.mutable_data_ptr<float>(), packed.job().channels});
  return output;
}

// A convolution of few channels, its kernels laid out as the values under them are.
class PackedPatches {
 public:
  PackedPatches(const Kernels& kernels, const at::Tensor& input, const FoldedConvolution& convolution,
                const Shape& shape)
      : weight_(patchesOf(convolution.weight, shape)),
        packed_(kernels, {weight_, convolution.norm, convolution.activation}, Threes::Never),
        job_{packed_.job(),   static_cast<int>(input.size(1)),
             shape.kernel,    shape.stride,
             shape.top,       shape.left,
             imagesOf(input), shape.height,
             shape.width,     kernels::data(input),
             nullptr} {}

  const Im2colConvolution& job() const { return job_; }

 private:
  static at::Tensor patchesOf(const at::Tensor& weight, const Shape& shape) {
    const at::Tensor kernel = weight.slice(2, shape.skippedRows).slice(3, shape.skippedColumns);
    return kernel.permute({0, 2, 3, 1}).reshape({weight.size(0), -1, 1, 1});
  }

  const at::Tensor weight_;
  const PackedPointwise packed_;
  const Im2colConvolution job_;
};

at::Tensor convolveFewChannels(const Kernels& kernels, const at::Tensor& input,
                               const FoldedConvolution& convolution, const Shape& shape) {
  const PackedPatches packed(kernels, input, convolution, shape);
  at::Tensor output = emptyImages(input, convolution.weight.size(0), shape.height, shape.width);
  Im2colConvolution job = packed.job();
  job.output = output.mutable_data_ptr<float>();
  const auto scratch = static_cast<size_t>(job.patchFloats());
  parallelFor(Chunks(job.images.count * job.height, job.height),
              [&](Chunk chunk) { kernels.im2col(job, chunk, Workspace(scratch).data()); });
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

// The images that a block convolves depthwise, and the shape of the convolution before where it is no 1x1.
struct Widened {
  Images images;
  std::optional<Shape> first;
};

// Returns null where our kernels do not compute them.
std::optional<Widened> widenedOf(const at::Tensor& input, const FoldedBlock& block) {
  const FoldedConvolution* expand = block.expand;
  const Geometry& geometry = block.expandGeometry;
  const Images images = imagesOf(input);
  const int64_t inner = block.depthwise.weight.size(0);
  if (!expand) return input.size(1) == inner ? std::optional(Widened{images, {}}) : std::nullopt;
  if (!takes(*expand, input.size(1)) || expand->weight.size(0) != inner) return std::nullopt;
  if (isPointwise(expand->weight, geometry)) return Widened{images, {}};
  if (!im2colKernels(input, expand->weight, geometry)) return std::nullopt;
  const auto first = shapeOf(images, expand->weight.contiguous(), geometry);
  return first ? std::optional(Widened{{images.count, first->height, first->width}, first}) : std::nullopt;
}

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
  if (shortcut) return std::nullopt;
  if (const Kernels* kernels = im2colKernels(input, convolution.weight, geometry))
    if (const auto shape = shapeOf(imagesOf(input), convolution.weight.contiguous(), geometry))
      return convolveFewChannels(*kernels, input, convolution, *shape);
  const Kernels* kernels = depthwiseKernels(input, convolution.weight, geometry);
  if (!kernels) return std::nullopt;
  const auto shape = depthwiseShapeOf(imagesOf(input), convolution.weight.contiguous(), geometry);
  if (!shape) return std::nullopt;
  return convolveDepthwise(*kernels, input, convolution, *shape);
}

std::optional<at::Tensor> computeFolded(const at::Tensor& input, const FoldedBlock& block) {
  const auto& [expand, depthwise, project, expandGeometry, depthwiseGeometry, addsInput] = block;
  if (input.dim() != 4 || !takes(depthwise, 1)) return std::nullopt;
  if (!takes(project, depthwise.weight.size(0)) || !isPointwise(project.weight, {kOnes, kZeros, 1}))
    return std::nullopt;
  const Kernels* kernels = blockKernels(input, depthwise.weight);
  const auto widened = kernels ? widenedOf(input, block) : std::nullopt;
  if (!widened) return std::nullopt;
  const auto shape = depthwiseShapeOf(widened->images, depthwise.weight.contiguous(), depthwiseGeometry);
  if (!shape) return std::nullopt;
  at::Tensor output = emptyImages(input, project.weight.size(0), shape->height, shape->width);
  if (addsInput && output.sizes() != input.sizes()) return std::nullopt;
  const PackedDepthwise packedDepthwise(*kernels, depthwise, *shape);
  const PackedPointwise packedProject(*kernels, project, Threes::AtTheEnd);
  std::optional<PackedPointwise> packedExpand;
  std::optional<PackedPatches> packedFirst;
  if (widened->first)
    packedFirst.emplace(*kernels, input, *expand, *widened->first);
  else if (expand)
    packedExpand.emplace(*kernels, *expand, Threes::Never);
  run(*kernels,
      {packedExpand ? &packedExpand->job() : nullptr, packedFirst ? &packedFirst->job() : nullptr,
       packedDepthwise.job(), &packedProject.job(), widened->images, shape->height, shape->width, data(input),
       addsInput ? data(input) : nullptr, output.mutable_data_ptr<float>(), packedProject.job().outputs});
  return output;
}

}  // namespace lt::kernels
