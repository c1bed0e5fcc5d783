// What a pipeline is made of: plain data in JavaScript ({ kind, … }), parsed once into objects that threads
// share.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "common/philox.h"
#include "vision/image/image.h"

namespace lt {

// An image of an epoch, which may draw it several times.
struct ImageDraw {
  uint32_t image;
  uint32_t count;  // how often the epoch has drawn it before
};

constexpr uint32_t mostViews = 255, mostDraws = 1u << 24;  // what the stream's third word has room for

// The random numbers of one view of a draw. The stream's third word counts the views from 1; it is 0 in the
// streams of native/torch, so that none of them is met again here.
inline Philox randomOf(uint64_t seed, uint32_t epoch, ImageDraw draw, uint32_t view) {
  return Philox(seed, epoch, draw.image, (draw.count << 8) + 1 + view);
}

// One step on one image. Immutable after it was made: threads share it, and all randomness comes from
// `random`.
class Transform {
 public:
  virtual ~Transform() = default;
  virtual void apply(Image& image, Philox& random) const = 0;

  // The numbers that apply() would draw for an image of this size, so that their distribution can be tested.
  virtual std::vector<double> drawn(int height, int width, Philox& random) const { return {}; }
};

// The options of one { kind, … }.
class Options {
 public:
  virtual ~Options() = default;
  virtual double number(const char* key) const = 0;
  virtual std::vector<double> numbers(
      const char* key) const = 0;  // of a list, or the one that is there in its place
  virtual std::string text(const char* key) const = 0;
  virtual bool flag(const char* key) const = 0;
  int integer(const char* key) const { return static_cast<int>(number(key)); }
};

using TransformPtr = std::unique_ptr<const Transform>;

// A new transform: one file, its maker's declaration here and one entry in pipeline.cpp's table.
TransformPtr makeResize(const Options& options);             // { size }: shorter side
TransformPtr makeResizeExact(const Options& options);        // { height, width }
TransformPtr makeCenterCrop(const Options& options);         // { size }
TransformPtr makeRandomCrop(const Options& options);         // { size, padding }: padded with zeros first
TransformPtr makeHorizontalFlip(const Options& options);     // { p }
TransformPtr makeRandomResizedCrop(const Options& options);  // { size, scale: [low, high] of the area, ratio:
                                                             // [low, high] of width / height }
TransformPtr makeColorJitter(
    const Options& options);  // { brightness, contrast, saturation, hue, p }: strengths or [low, high]
TransformPtr makeGrayscale(const Options& options);       // { p }
TransformPtr makeGaussianBlur(const Options& options);    // { sigma: [low, high], p }
TransformPtr makeAutoAugment(const Options& options);     // { policy, fill }
TransformPtr makeRandAugment(const Options& options);     // { operations, magnitude, magnitudeStd, p, fill }
TransformPtr makeTrivialAugment(const Options& options);  // { fill }
TransformPtr makeCutout(const Options& options);          // { size, holes }
TransformPtr makeOperation(const Options& options);       // { name, value, interpolation, fill }

TransformPtr makeTransform(const std::string& kind,
                           const Options& options);  // throws std::invalid_argument for an unknown kind

}  // namespace lt
