#include "vision/image/resample.h"

#include <algorithm>
#include <vector>

#include "vision/image/resample-avx2.h"
#include "vision/image/simd.h"

namespace lt::vision {
namespace {

uint8_t toByte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> ResampleKernel::kFractionBits, 0, 255));
}

void resampleRows(const View& source, const ResampleKernel& kernel, Image& result) {
  for (int y = 0; y < source.height; y++) {
    const uint8_t* from = source.row(y);
    uint8_t* to = result.row(y);
    for (int x = 0; x < result.width; x++, to += 3) {
      const auto [first, count] = kernel.spans[x];
      const int32_t* weights = kernel.weightsOf(x);
      const uint8_t* pixel = from + first * 3;
      int32_t red = ResampleKernel::kHalf, green = ResampleKernel::kHalf, blue = ResampleKernel::kHalf;
      for (int i = 0; i < count; i++, pixel += 3) {
        red += weights[i] * pixel[0];
        green += weights[i] * pixel[1];
        blue += weights[i] * pixel[2];
      }
      to[0] = toByte(red);
      to[1] = toByte(green);
      to[2] = toByte(blue);
    }
  }
}

void resampleColumns(const View& source, const ResampleKernel& kernel, Image& result) {
  const size_t size = result.rowSize();
  std::vector<int32_t> sums(size);
  for (int y = 0; y < result.height; y++) {
    const auto [first, count] = kernel.spans[y];
    const int32_t* weights = kernel.weightsOf(y);
    std::fill(sums.begin(), sums.end(), ResampleKernel::kHalf);
    for (int i = 0; i < count; i++) {
      const uint8_t* from = source.row(first + i);
      for (size_t x = 0; x < size; x++) sums[x] += weights[i] * from[x];
    }
    uint8_t* to = result.row(y);
    for (size_t x = 0; x < size; x++) to[x] = toByte(sums[x]);
  }
}

using Pass = void (*)(const View&, const ResampleKernel&, Image&);

}  // namespace

Image resample(const View& source, const Axis& rows, const Axis& columns) {
  const Pass alongRows = hasAvx2() ? resampleRowsAvx2 : resampleRows;
  const Pass alongColumns = hasAvx2() ? resampleColumnsAvx2 : resampleColumns;
  if (rows.keepsSize() && columns.keepsSize()) return source.copy();
  Image result(rows.count, columns.count);
  if (columns.keepsSize()) {
    alongColumns(source, ResampleKernel(rows), result);
  } else if (rows.keepsSize()) {
    alongRows(source, ResampleKernel(columns), result);
  } else {
    Image between(source.height, columns.count);
    alongRows(source, ResampleKernel(columns), between);
    alongColumns(between, ResampleKernel(rows), result);
  }
  return result;
}

Image resample(const View& image, int height, int width) {
  return resample(image, Axis::whole(image.height, height), Axis::whole(image.width, width));
}

}  // namespace lt::vision
