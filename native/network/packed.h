// Convolutions whose weights are laid out for the kernels, in an arena that outlives them.
#pragma once
#include <algorithm>
#include <optional>

#include "network/arena.h"
#include "network/description.h"

namespace lt::network {

// A 1x1 convolution, or one of few channels as a 1x1 convolution of the values under its kernel.
class PackedPointwise {
 public:
  PackedPointwise(const kernels::Kernels& kernels, const Convolution& convolution, kernels::Threes threes,
                  Arena& arena);

  const kernels::Pointwise& job() const { return job_; }

  // A part of the outputs: the job, and the first of them.
  struct Part {
    kernels::Pointwise job;
    int first;
  };
  // Parts begin with a panel.
  Part part(kernels::Chunk part) const;
  // As many as there are whole panels, and one at least.
  int64_t parts() const { return std::max(job_.outputs / panel_, 1); }

 private:
  const int panel_;
  const kernels::Pointwise job_;
};

class PackedBlock {
 public:
  // `height` and `width` are the input's.
  PackedBlock(const kernels::Kernels& kernels, const Block& block, int64_t height, int64_t width,
              Arena& arena);

  int64_t pixels() const { return height_ * width_; }
  int64_t rows() const { return height_; }
  int64_t outputFloats() const { return pixels() * project_.job().outputs; }
  int64_t innerFloats() const { return pixels() * depthwise_.channels; }
  int64_t weightFloats() const;
  // Parts that the channels inside can be cut into; 0 where they cannot.
  int64_t parts() const { return widen_ && !first_ ? widen_->parts() : 0; }

  // A job, and what it refers to.
  struct Job {
    std::optional<kernels::Im2colConvolution> first;
    std::optional<kernels::Pointwise> expand;
    kernels::InvertedResidual block;

    // So many images.
    Job(const PackedBlock& packed, int64_t images, const float* input, float* output);
    // A part of the channels inside, up to the depthwise convolution.
    Job(const PackedBlock& packed, kernels::Chunk part, const float* input, float* inner);
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
  };
  // What all parts together leave to do.
  kernels::PointwiseImages projectionOf(const float* input, const float* inner, float* output) const;
  const PackedPointwise& projection() const { return project_; }

 private:
  const kernels::Depthwise depthwise_;
  std::optional<PackedPointwise> widen_;
  std::optional<kernels::Im2colConvolution> first_;
  const PackedPointwise project_;
  kernels::Images images_;  // that are convolved depthwise
  const int64_t height_, width_;
  const bool addsInput_;
};

}  // namespace lt::network
