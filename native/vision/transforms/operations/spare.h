// A second image of the same size for operations that cannot work in place. There is one per thread, used
// again and again.
#pragma once
#include "vision/image/image.h"

namespace lt::vision {

// Returns an image with any content, valid until this thread asks for the next one.
inline Image& spareLike(const Image& image) {
  thread_local Image spare;
  if (spare.size() != image.size()) spare = Image(image.height, image.width);
  spare.height = image.height;
  spare.width = image.width;
  return spare;
}

}  // namespace lt::vision
