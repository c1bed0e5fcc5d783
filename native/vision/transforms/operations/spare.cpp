#include "vision/transforms/operations/spare.h"

namespace lt {

Image& spareLike(const Image& image) {
  thread_local Image spare;
  if (spare.size() != image.size()) spare = Image(image.height, image.width);
  spare.height = image.height;
  spare.width = image.width;
  return spare;
}

}  // namespace lt
