#include "network/network.h"

#include <algorithm>

namespace lt::network {

using kernels::Chunk;
using kernels::Kernels;
using kernels::PointwiseImages;

namespace {

// Pixels of an image whose blocks are cut by channels: cut by rows, its parts would share most of their
// inputs.
constexpr int64_t kFewPixels = 14 * 14;
// Pixels whose 1x1 convolution is cut by outputs: most of what it reads are weights.
constexpr int64_t kVeryFewPixels = 96;
// Parts for each thread, so that a slower one takes fewer.
constexpr int64_t kParts = 3;
// Images of a thread that go through a block one after the other, while its weights are in the caches.
constexpr int64_t kGroup = 8;

// Where groups of images begin, and the end: the fewer images are left, the smaller a group, so that no
// thread waits for another one's last group.
std::vector<int64_t> groupsOf(int64_t images, int64_t threads) {
  std::vector<int64_t> starts{0};
  for (int64_t next = 0; next < images; starts.push_back(next))
    next += std::clamp<int64_t>((images - next) / (2 * threads), 1, kGroup);
  return starts;
}

const Kernels* kernelsOf(const Description& description) {
  const Kernels* kernels = kernels::kernelsFor({0, 0});
  const auto isTaken = [&](const Block& block) {
    const int channels = block.depthwise.outputs;
    return kernels::kernelsFor({channels, channels}) == kernels;
  };
  return kernels && std::ranges::all_of(description.blocks, isTaken) ? kernels : nullptr;
}

// Pixels of planes side by side: [channels][pixels] to [pixels][channels], for a chunk of the pixels.
void interleave(const float* planes, int64_t channels, int64_t pixels, Chunk chunk, float* to) {
  const int64_t first = pixels * chunk.index / chunk.count, end = pixels * (chunk.index + 1) / chunk.count;
  if (channels == 3) {  // in a form that compilers turn into vectors
    const float *red = planes, *green = planes + pixels, *blue = planes + 2 * pixels;
    for (int64_t pixel = first; pixel < end; pixel++) {
      to[3 * pixel] = red[pixel];
      to[3 * pixel + 1] = green[pixel];
      to[3 * pixel + 2] = blue[pixel];
    }
    return;
  }
  for (int64_t pixel = first; pixel < end; pixel++)
    for (int64_t c = 0; c < channels; c++) to[pixel * channels + c] = planes[c * pixels + pixel];
}

// The mean of every channel.
void average(const float* values, int64_t pixels, int channels, float* to) {
  std::fill_n(to, channels, 0.f);
  for (int64_t pixel = 0; pixel < pixels; pixel++)
    for (int c = 0; c < channels; c++) to[c] += values[pixel * channels + c];
  for (int c = 0; c < channels; c++) to[c] /= static_cast<float>(pixels);
}

}  // namespace

std::unique_ptr<Network> Network::open(const Description& description, int threads, bool waitsBusily) {
  const Kernels* kernels = kernelsOf(description);
  if (!kernels) return nullptr;
  return std::unique_ptr<Network>(new Network(*kernels, description, threads, waitsBusily));
}

Network::Network(const Kernels& kernels, const Description& description, int threads, bool waitsBusily)
    : kernels_(kernels),
      channels_(description.channels),
      pixels_(description.height * description.width),
      head_(kernels, description.head, kernels::Threes::AtTheEnd, arena_),
      team_(threads, waitsBusily) {
  int64_t height = description.height, width = description.width;
  for (const Block& block : description.blocks) {
    blocks_.emplace_back(kernels, block, height, width, arena_);
    height = block.depthwise.height;
    width = block.depthwise.width;
  }
  const auto isMostlyWeights = [](const PackedBlock& block) {
    return block.weightFloats() > block.outputFloats();
  };
  groupedFrom_ = std::ranges::find_if(blocks_, isMostlyWeights) - blocks_.begin();
  for (int thread = 0; thread < threads; thread++) places_.push_back(place());
  int64_t inner = 0;
  for (const PackedBlock& block : blocks_)
    if (block.pixels() <= kFewPixels) inner = std::max(inner, block.innerFloats());
  if (threads > 1) inner_ = arena_.take(inner);
}

Network::Place Network::place() {
  const auto pair = [&](int64_t floats) -> Values { return {arena_.take(floats), arena_.take(floats)}; };
  int64_t image = imageFloats(),
          grouped = std::max(groupedInputFloats(), blocks_.back().pixels() * features());
  for (const PackedBlock& block : blocks_) image = std::max(image, block.outputFloats());
  for (size_t i = groupedFrom_; i < blocks_.size(); i++)
    grouped = std::max(grouped, blocks_[i].outputFloats());
  return {pair(std::max(image, grouped)), pair(kGroup * grouped), arena_.take(scratchFloats())};
}

int64_t Network::groupedInputFloats() const {
  return groupedFrom_ == 0 ? imageFloats() : blocks_[groupedFrom_ - 1].outputFloats();
}

size_t Network::scratchFloats() const {
  size_t floats = 0;
  const auto include = [&](const PackedBlock::Job& job) {
    floats = std::max(floats, kernels::Bands(job.block).scratchFloats);
  };
  for (const PackedBlock& block : blocks_) {
    include({block, 1, nullptr, nullptr});
    if (block.parts() > 0) include({block, {0, 1}, nullptr, nullptr});
  }
  return floats;
}

void Network::run(const float* input, int64_t count, float* features) {
  const Team::Session session(team_);
  const int64_t grouped = count / team_.threads() * team_.threads();
  const std::vector<int64_t> groups = groupsOf(grouped, team_.threads());
  const auto featuresOf = [&](int64_t image) { return features + image * this->features(); };
  team_.share(groups.size() - 1, [&](int64_t group, int thread) {
    const int64_t first = groups[group], images = groups[group + 1] - first;
    computeGroup(input + first * imageFloats(), images, thread, featuresOf(first));
  });
  for (int64_t image = grouped; image < count; image++)
    computeTogether(input + image * imageFloats(), featuresOf(image));
}

void Network::computeGroup(const float* images, int64_t count, int thread, float* features) const {
  constexpr Chunk kAll{0, 1};
  const auto& [image, group, scratch] = places_[thread];
  const auto compute = [&](size_t block, int64_t images, const float* input, float* output) {
    const PackedBlock::Job job(blocks_[block], images, input, output);
    kernels_.invertedResidual(job.block, kAll, scratch);
  };
  for (int64_t index = 0; index < count; index++) {
    auto [current, next] = image;
    float* const result = group.current + index * groupedInputFloats();
    interleave(images + index * imageFloats(), channels_, pixels_, kAll,
               groupedFrom_ == 0 ? result : current);
    for (size_t block = 0; block < groupedFrom_; block++) {
      compute(block, 1, current, block + 1 == groupedFrom_ ? result : next);
      std::swap(current, next);
    }
  }
  auto [current, next] = group;
  for (size_t block = groupedFrom_; block < blocks_.size(); block++) {
    compute(block, count, current, next);
    std::swap(current, next);
  }
  const int64_t pixels = blocks_.back().pixels();
  kernels_.pointwise({head_.job(), count * pixels, current, nullptr, next, this->features()}, kAll);
  for (int64_t index = 0; index < count; index++) {
    const int64_t first = index * this->features();
    average(next + first * pixels, pixels, this->features(), features + first);
  }
}

void Network::computeTogether(const float* image, float* features) {
  auto [current, next] = places_[0].image;
  const int64_t threads = team_.threads();
  team_.share(threads,
              [&](int64_t part, int) { interleave(image, channels_, pixels_, {part, threads}, current); });
  for (const PackedBlock& block : blocks_) {
    computeTogether(block, current, next);
    std::swap(current, next);
  }
  const int64_t pixels = blocks_.back().pixels();
  convolveTogether(head_, {head_.job(), pixels, current, nullptr, next, this->features()});
  average(next, pixels, this->features(), features);
}

void Network::computeTogether(const PackedBlock& block, const float* input, float* output) {
  if (block.pixels() > kFewPixels || block.parts() == 0) {
    const PackedBlock::Job job(block, 1, input, output);
    const int64_t parts = std::min<int64_t>(team_.threads(), block.rows());
    team_.share(parts, [&](int64_t part, int thread) {
      kernels_.invertedResidual(job.block, {part, parts}, places_[thread].scratch);
    });
    return;
  }
  const int64_t parts = std::min(kParts * team_.threads(), block.parts());
  team_.share(parts, [&](int64_t part, int thread) {
    const PackedBlock::Job job(block, {part, parts}, input, inner_);
    kernels_.invertedResidual(job.block, {0, 1}, places_[thread].scratch);
  });
  convolveTogether(block.projection(), block.projectionOf(input, inner_, output));
}

void Network::convolveTogether(const PackedPointwise& packed, const PointwiseImages& job) {
  if (job.pixels > kVeryFewPixels) {
    const int64_t parts = team_.threads();
    team_.share(parts, [&](int64_t part, int) { kernels_.pointwise(job, {part, parts}); });
    return;
  }
  const int64_t parts = std::min(kParts * team_.threads(), packed.parts());
  team_.share(parts, [&](int64_t index, int) {
    const auto [convolution, first] = packed.part({index, parts});
    PointwiseImages part = job;
    part.convolution = convolution;
    if (part.shortcut) part.shortcut += first;
    part.output += first;
    kernels_.pointwise(part, {0, 1});
  });
}

}  // namespace lt::network
