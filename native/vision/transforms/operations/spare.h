// A second image of the same size for operations that cannot work in place. One a thread, used again and
// again.
#pragma once
#include "vision/image/image.h"

namespace lt {

// Holds anything; valid until this thread asks for the next one.
Image& spareLike(const Image& image);

}  // namespace lt
