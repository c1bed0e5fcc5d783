// The backbone of a network for phones, on the processor: inverted residual blocks, a 1x1 convolution and the
// mean of every channel (Tan and Le, "EfficientNet", ICML 2019, and its Lite variants). Weights are laid out
// once, when it is opened. Plain C++: no libtorch in here.
#pragma once
#include <deque>
#include <memory>
#include <vector>

#include "network/packed.h"
#include "network/team.h"

namespace lt::network {

class Network {
 public:
  // The network; null where this processor has no kernels for its channels.
  static std::unique_ptr<Network> open(const Description& description, int threads, bool waitsBusily);

  int64_t imageFloats() const { return channels_ * pixels_; }
  int features() const { return head_.job().outputs; }

  // Computes features [count][features()] of images, `input` [count][channels][height][width]. One thread at
  // a time. An image's are the same to the bit in any batch and with any number of threads.
  void run(const float* input, int64_t count, float* features);

 private:
  Network(const kernels::Kernels& kernels, const Description& description, int threads, bool waitsBusily);

  // What goes into a block and what comes out.
  struct Values {
    float *current, *next;
  };
  // Memory of a thread.
  struct Place {
    Values image, group;
    float* scratch;
  };
  Place place();
  int64_t groupedInputFloats() const;  // of an image, where blocks begin to compute groups
  size_t scratchFloats() const;

  void computeGroup(const float* images, int64_t count, int thread, float* features) const;
  void computeTogether(const float* image, float* features);
  void computeTogether(const PackedBlock& block, const float* input, float* output);
  void convolveTogether(const PackedPointwise& packed, const kernels::PointwiseImages& job);

  const kernels::Kernels& kernels_;
  const int64_t channels_, pixels_;  // of an image
  Arena arena_;
  std::deque<PackedBlock> blocks_;
  size_t groupedFrom_ = 0;  // blocks before it compute image by image, those from it on group by group
  const PackedPointwise head_;
  Team team_;
  std::vector<Place> places_;  // of each thread; they share the first one for an image together
  float* inner_ = nullptr;     // of a block, for such an image
};

}  // namespace lt::network
