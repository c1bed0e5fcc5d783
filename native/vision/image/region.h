// A window of an image, and what there is of an image in memory.
#pragma once
#include <functional>

#include "vision/image/image.h"

namespace lt {

struct Size {
  int height, width;
};

// A rectangle; it may reach over an image's edges.
struct Window {
  int top, left, height, width;
};

// The smallest window that has both inside.
Window around(const Window& a, const Window& b);

// The part of the image in the window; zeros where the window reaches over the edge.
Image cut(const Image& image, const Window& window);

// What there is of an image in memory: a window of it, or of the image reduced by 2, 4 or 8.
struct Part {
  Image pixels;
  Window window;  // of the whole, in reduced pixels; `pixels` are of its size
  Size whole;     // before it was reduced
  int reduction = 1;

  static Part all(Image image) {
    const int height = image.height, width = image.width;
    return {std::move(image), {0, 0, height, width}, {height, width}};
  }
};

// The window of an image that is needed, and by what it may be reduced: 1, 2, 4 or 8.
struct Need {
  Window window;
  int reduction = 1;
};

// Of an image of this size.
using Needs = std::function<Need(Size)>;

// The smallest need that both are part of.
Need both(const Need& a, const Need& b);

}  // namespace lt
