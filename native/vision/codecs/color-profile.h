// Color profiles (ICC) of images that libvips does not open itself.
#pragma once
#include <cstdint>
#include <span>

#include "vision/image/image.h"

namespace lt::vision {

// Pixels in the colors of their file, interleaved: gray (1 channel), RGB (3) or CMYK (4; 255 is all ink).
struct Raster {
  int height, width, channels;
  Pixels pixels;

  Raster(int height_, int width_, int channels_)
      : height(height_), width(width_), channels(channels_), pixels(newPixels(size() + Image::kSlack)) {}

  size_t size() const { return height * rowSize(); }
  size_t rowSize() const { return static_cast<size_t>(width) * channels; }
  uint8_t* row(int y) { return pixels.get() + y * rowSize(); }
};

// Whether the profile says that it is of images with so many channels. An empty one is of none.
bool isProfileOf(int channels, std::span<const uint8_t> profile);

// The pixels in sRGB, by the color profile that they came with. Where it is damaged, and for RGB where it is
// empty, RGB stays as it is, gray is repeated and CMYK is converted by cmykToRgb().
Image toSrgb(Raster raster, std::span<const uint8_t> profile);

}  // namespace lt::vision
