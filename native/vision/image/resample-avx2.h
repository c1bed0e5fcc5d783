// The two passes of a resize with AVX2, which the processor must have. They give the same bytes as the
// portable ones.
#pragma once
#include "vision/image/image.h"
#include "vision/image/resample-kernel.h"

namespace lt::vision {

void resampleRowsAvx2(const View& source, const ResampleKernel& kernel, Image& result);
void resampleColumnsAvx2(const View& source, const ResampleKernel& kernel, Image& result);

}  // namespace lt::vision
