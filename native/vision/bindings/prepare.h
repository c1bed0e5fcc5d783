// Images made by transforms that draw no random numbers, as evaluation and predictions use them.
#pragma once
#include "vision/sources/source.h"
#include "vision/transforms/pipeline.h"

namespace lt::vision {

// Any thread; throws a DataError.
Image makeImage(const Source& source, size_t index, const Pipeline& pipeline);

}  // namespace lt::vision
