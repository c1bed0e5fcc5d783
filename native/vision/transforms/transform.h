// Transforms, of which pipelines consist: plain data in JavaScript ({ kind, … }), parsed once into objects
// that threads share.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "common/philox.h"
#include "vision/image/image.h"

namespace lt::vision {

// An image of an epoch, which may draw it several times.
struct ImageDraw {
  uint32_t image;
  uint32_t count;  // how often the epoch has drawn it before
};

constexpr uint32_t kMaxViews = 255, kMaxDrawsOfImage = 1u << 24;  // what the stream's third word has room for

// Returns the random numbers of one view of a draw. The stream's third word counts the views from 1; it is 0
// in the streams of native/torch, so that no stream is used twice.
inline Philox randomOf(uint64_t seed, uint32_t epoch, ImageDraw draw, uint32_t view) {
  return Philox(seed, epoch, draw.image, (draw.count << 8) + 1 + view);
}

// One step on one image. Immutable after it was made: threads share it, and all randomness comes from
// `random`.
class Transform {
 public:
  virtual ~Transform() = default;
  virtual void apply(Image& image, Philox& random) const = 0;

  // Returns the numbers that apply() would draw for an image of this size, so that their distribution can be
  // tested.
  virtual std::vector<double> drawn(int height, int width, Philox& random) const { return {}; }
};

// The options of one { kind, … }.
class Options {
 public:
  virtual ~Options() = default;
  virtual double number(const char* key) const = 0;

  // The numbers of a list, or the one number that stands in its place.
  virtual std::vector<double> numbers(const char* key) const = 0;

  virtual std::string text(const char* key) const = 0;
  virtual bool flag(const char* key) const = 0;
  int integer(const char* key) const { return static_cast<int>(number(key)); }
};

// Two numbers between which a transform draws one.
struct Range {
  double low, high;

  double uniform(Philox& random) const { return low + (high - low) * random.uniform(); }
};

// The range that an option [low, high] gives.
inline Range rangeOf(const Options& options, const char* key) {
  const std::vector<double> ends = options.numbers(key);
  return {ends.at(0), ends.at(1)};
}

using TransformPtr = std::unique_ptr<const Transform>;

// Makers of transforms. A new one takes a file of its own, its maker's declaration here and an entry in the
// table of pipeline.cpp. A range is [low, high].
TransformPtr makeResize(const Options& options);          // { size } of the shorter side
TransformPtr makeResizeExact(const Options& options);     // { height, width }
TransformPtr makeCenterCrop(const Options& options);      // { size }
TransformPtr makeCornerCrop(const Options& options);      // { size, corner } such as bottom-left
TransformPtr makeRandomCrop(const Options& options);      // { size, padding } with zeros first
TransformPtr makeHorizontalFlip(const Options& options);  // { p }
TransformPtr makeGrayscale(const Options& options);       // { p }
TransformPtr makeGaussianBlur(const Options& options);    // { sigma: range, p }
TransformPtr makeAutoAugment(const Options& options);     // { policy, fill }
TransformPtr makeRandAugment(const Options& options);     // { operations, magnitude, magnitudeStd, p, fill }
TransformPtr makeTrivialAugment(const Options& options);  // { fill }
TransformPtr makeCutout(const Options& options);          // { size, holes }
TransformPtr makeOperation(const Options& options);       // { name, value, interpolation, fill }

// { size, scale: range of the area, ratio: range of width / height, interpolation }
TransformPtr makeRandomResizedCrop(const Options& options);

// { brightness, contrast, saturation, hue, p }, the first four as a strength or a range
TransformPtr makeColorJitter(const Options& options);

// Makes a transform of any kind; throws std::invalid_argument for an unknown one.
TransformPtr makeTransform(const std::string& kind, const Options& options);

}  // namespace lt::vision
