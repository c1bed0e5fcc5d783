// What an image file's header declares, read before any library sees the file: libraries take memory for the
// whole image as soon as they open some formats.
#pragma once
#include <span>

#include "vision/codecs/format.h"
#include "vision/image/budget.h"

namespace lt::vision {

// Returns 0 x 0 where the header is damaged: the decoder says in what way.
Declared declaredBy(std::span<const uint8_t> content, FileFormat format);

}  // namespace lt::vision
