#include "kernels/inverted-residual.h"

#include <xmmintrin.h>

#include <algorithm>

namespace lt::kernels {
namespace {

constexpr int64_t kCacheFloats = 80 * 1024;  // of a core's second cache, for what lies inside a block
constexpr int64_t kMinPixels = 48;           // of a band's output, for which the weights are read once
constexpr int kMinChannels = 96;             // of a pass, for which an output's sum is read and written once
constexpr int kPassStep = 32;                // channels of a panel, whatever the vectors' width

int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

constexpr int kBlock = 4;  // of packBlock: outputs, and inputs of each

// Transposes kBlock rows of kBlock values, each row times its scale; rows are `stride` values apart.
void packBlock(const float* from, int stride, const float* scale, float* to, int toStride) {
  __m128 rows[kBlock];
  for (int n = 0; n < kBlock; n++)
    rows[n] = _mm_mul_ps(_mm_loadu_ps(from + static_cast<int64_t>(n) * stride), _mm_set1_ps(scale[n]));
  _MM_TRANSPOSE4_PS(rows[0], rows[1], rows[2], rows[3]);
  for (int k = 0; k < kBlock; k++) _mm_storeu_ps(to + static_cast<int64_t>(k) * toStride, rows[k]);
}

}  // namespace

Bands::Bands(const InvertedResidual& job) : rows(job.height), channels(job.depthwise.channels) {
  const auto expandedOf = [&](int64_t outputs) {
    return std::min((outputs - 1) * job.depthwise.stride + job.depthwise.kernel, job.images.height);
  };
  const auto pixelsOf = [&](int64_t outputs) {
    return (job.widens() ? expandedOf(outputs) * job.images.width : 0) +
           (job.project ? outputs * job.width : 0);
  };
  if (job.widens() && job.project && pixelsOf(rows) * kMinChannels <= kCacheFloats) {
    const int64_t steps = ceilDivide(channels, kPassStep),
                  fit = std::max<int64_t>(kCacheFloats / pixelsOf(rows) / kPassStep, 1),
                  passes = ceilDivide(steps, fit);
    channels = std::min(channels, static_cast<int>(ceilDivide(steps, passes)) * kPassStep);
  } else {
    while (rows > 1 && pixelsOf(rows) * channels > kCacheFloats) rows--;
    rows = std::min(job.height, std::max(rows, ceilDivide(kMinPixels, job.width)));
    rows = ceilDivide(job.height, ceilDivide(job.height, rows));
  }
  expandedRows = expandedOf(rows);
  scratchFloats = static_cast<size_t>(pixelsOf(rows) * channels + (job.first ? job.first->patchFloats() : 0));
}

void packPointwise(const PointwiseWeights& weights, Threes threes, int width, float* to) {
  const auto& [values, scale, inputs, outputs] = weights;
  for (int first = 0, size; first < outputs; first += size, to += static_cast<int64_t>(inputs) * size) {
    size = panelVectors(outputs - first, width, threes) * width;
    const int count = std::min(outputs - first, size), inBlocks = count / kBlock * kBlock;
    const float *rows = values + static_cast<int64_t>(first) * inputs, *scales = scale + first;
    const auto packOne = [&](int n, int k) {
      to[k * size + n] = rows[static_cast<int64_t>(n) * inputs + k] * scales[n];
    };
    int k = 0;
    for (; k + kBlock <= inputs; k += kBlock) {
      for (int n = 0; n < inBlocks; n += kBlock)
        packBlock(rows + static_cast<int64_t>(n) * inputs + k, inputs, scales + n, to + k * size + n, size);
      for (int n = inBlocks; n < count; n++)
        for (int i = 0; i < kBlock; i++) packOne(n, k + i);
    }
    for (; k < inputs; k++)
      for (int n = 0; n < count; n++) packOne(n, k);
    for (k = 0; k < inputs && count < size; k++) std::fill(to + k * size + count, to + (k + 1) * size, 0.f);
  }
}

void packDepthwise(const DepthwiseWeights& weights, const float* scale, int channels, int width, float* to) {
  const auto& [values, rows, columns, skippedRows, skippedColumns] = weights;
  for (int first = 0; first < channels; first += width)
    for (int row = skippedRows; row < rows; row++)
      for (int column = skippedColumns; column < columns; column++)
        for (int c = first; c < first + width; c++)
          *to++ = values[(static_cast<int64_t>(c) * rows + row) * columns + column] * scale[c];
}

}  // namespace lt::kernels
