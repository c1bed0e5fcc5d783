// Regions of an image: a window of it that is in memory, and the window that somebody requires.
#pragma once
#include <functional>

#include "vision/image/image.h"

namespace lt::vision {

struct Size {
  int height, width;
};

// A rectangle; it may reach over an image's edges.
struct Window {
  int top, left, height, width;
};

// Returns the smallest window that contains both.
Window boundingWindow(const Window& a, const Window& b);

// Returns the pixels in the window, with zeros where the window reaches over the edge.
Image crop(const Image& image, const Window& window);

// The pixels of an image that are in memory: a window of it, or of the image reduced by 2, 4 or 8.
struct Region {
  Image pixels;
  Window window;  // of the whole, in reduced pixels; `pixels` are of its size
  Size whole;     // before it was reduced
  int reduction = 1;

  static Region all(Image image) {
    const int height = image.height, width = image.width;
    return {std::move(image), {0, 0, height, width}, {height, width}};
  }
};

// The window of an image that is required, and the factor by which it may be reduced: 1, 2, 4 or 8.
struct RequiredWindow {
  Window window;
  int reduction = 1;
};

// Returns what is required of an image of this size.
using RequiredWindowOf = std::function<RequiredWindow(Size)>;

// Returns the smallest window, and the smaller reduction, that satisfy both.
RequiredWindow unionOf(const RequiredWindow& a, const RequiredWindow& b);

}  // namespace lt::vision
