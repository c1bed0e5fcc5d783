// Parts of an image.
#pragma once
#include "vision/image.h"

namespace lt {

// A rectangle; it may reach over an image's edges.
struct Window {
  int top, left, height, width;
};

// The smallest window that has both inside.
Window around(const Window& a, const Window& b);

// The part of the image in the window; zeros where the window reaches over the edge.
Image cut(const Image& image, const Window& window);

}  // namespace lt
