#include "vision/image/resample-avx2.h"

#include <immintrin.h>

#include <algorithm>

#include "vision/image/simd.h"

namespace lt::vision {
namespace {

// Processors multiply pairs of 16-bit numbers and add the two products in one step, faster than one 32-bit
// number. So each weight is split into low + 2^15 high, which are summed apart and then joined to the exact
// 32-bit sum.
constexpr int kLowBits = 15;

struct Pair {
  int32_t low, high;  // of two weights, in 16 bits each
};

Pair pairOf(const int32_t* weights) {
  constexpr int32_t kMask = (1 << kLowBits) - 1;
  const auto both = [](int32_t first, int32_t second) {
    return static_cast<int32_t>((static_cast<uint32_t>(first) & 0xffff) | static_cast<uint32_t>(second)
                                                                              << 16);
  };
  return {both(weights[0] & kMask, weights[1] & kMask), both(weights[0] >> kLowBits, weights[1] >> kLowBits)};
}

struct Sums {
  __m256i low, high;
};

// Adds the weighted pairs of values, 16 bits each.
LT_AVX2 inline void add(Sums& sums, __m256i values, __m256i low, __m256i high) {
  sums.low = _mm256_add_epi32(sums.low, _mm256_madd_epi16(values, low));
  sums.high = _mm256_add_epi32(sums.high, _mm256_madd_epi16(values, high));
}

LT_AVX2 inline Sums none() { return {_mm256_set1_epi32(ResampleKernel::kHalf), _mm256_setzero_si256()}; }

// Returns eight results, in 32 bits each.
LT_AVX2 inline __m256i joined(const Sums& sums) {
  const __m256i sum = _mm256_add_epi32(sums.low, _mm256_slli_epi32(sums.high, kLowBits));
  return _mm256_srai_epi32(sum, ResampleKernel::kFractionBits);
}

// The pairs of all outputs, `perOutput` each.
std::vector<Pair> pairsOf(const ResampleKernel& kernel) {
  std::vector<Pair> pairs(kernel.weights.size() / 2);
  for (size_t i = 0; i < pairs.size(); i++) pairs[i] = pairOf(kernel.weights.data() + 2 * i);
  return pairs;
}

int pairCount(const Span& span) { return (span.count + 1) / 2; }

LT_AVX2 inline __m256i load8(const uint8_t* first, const uint8_t* second) {
  return _mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(first))),
      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(second)), 1);
}

// Returns an output pixel of two rows, one row in each half: red, green and blue as 32-bit numbers. Reads up
// to five bytes past the inputs.
LT_AVX2 inline __m256i pixelOfRows(const uint8_t* first, const uint8_t* second, const Pair* pairs,
                                   int count) {
  const __m256i apart =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
  Sums sums = none();
  for (int i = 0; i < count; i++) {
    const __m256i values = _mm256_shuffle_epi8(load8(first + 6 * i, second + 6 * i), apart);
    add(sums, values, _mm256_set1_epi32(pairs[i].low), _mm256_set1_epi32(pairs[i].high));
  }
  return joined(sums);
}

// One row of a pass over two: where it is read and written.
struct Line {
  const uint8_t* from;
  uint8_t* to;
};

class TwoRows {
 public:
  TwoRows(const ResampleKernel& kernel, const Pair* pairs) : kernel_(kernel), pairs_(pairs) {}

  LT_AVX2 void resample(Line first, Line second) const {
    const size_t outputs = kernel_.spans.size();
    size_t x = 0;
    // Four pixels are written as 16 bytes: two more must follow in the row.
    for (; x + 6 <= outputs; x += 4) fourPixels(x, first, second);
    for (; x < outputs; x++) onePixel(x, first, second);
  }

 private:
  LT_AVX2 __m256i pixel(size_t x, Line first, Line second) const {
    const auto& span = kernel_.spans[x];
    return pixelOfRows(first.from + 3 * span.first, second.from + 3 * span.first,
                       pairs_ + x * (kernel_.taps / 2), pairCount(span));
  }

  LT_AVX2 void fourPixels(size_t x, Line first, Line second) const {
    const __m256i words01 = _mm256_packs_epi32(pixel(x, first, second), pixel(x + 1, first, second));
    const __m256i words23 = _mm256_packs_epi32(pixel(x + 2, first, second), pixel(x + 3, first, second));
    const __m256i closer =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    const __m256i bytes = _mm256_shuffle_epi8(_mm256_packus_epi16(words01, words23), closer);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(first.to + 3 * x), _mm256_castsi256_si128(bytes));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(second.to + 3 * x), _mm256_extracti128_si256(bytes, 1));
  }

  LT_AVX2 void onePixel(size_t x, Line first, Line second) const {
    const __m256i sums = pixel(x, first, second);
    const __m256i words = _mm256_packs_epi32(sums, sums), bytes = _mm256_packus_epi16(words, words);
    const int32_t found[2] = {_mm256_extract_epi32(bytes, 0), _mm256_extract_epi32(bytes, 4)};
    std::memcpy(first.to + 3 * x, &found[0], 3);
    std::memcpy(second.to + 3 * x, &found[1], 3);
  }

  const ResampleKernel& kernel_;
  const Pair* pairs_;
};

// Computes 32 bytes of an output row. Reads and writes whole blocks, past the row's end.
LT_AVX2 inline void blockOfColumns(const uint8_t* from, size_t stride, const Pair* pairs, int count,
                                   uint8_t* to) {
  Sums sums[4] = {none(), none(), none(), none()};
  const auto load = [](const uint8_t* at)
                        LT_AVX2 { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); };
  for (int i = 0; i < count; i += 2) {
    const __m256i low = _mm256_set1_epi32(pairs[i / 2].low), high = _mm256_set1_epi32(pairs[i / 2].high);
    const uint8_t* first = from + static_cast<size_t>(i) * stride;
    const uint8_t* second = i + 1 < count ? first + stride : first;
    for (int half = 0; half < 2; half++) {
      const __m128i a = load(first + 16 * half), b = load(second + 16 * half);
      add(sums[2 * half], _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)), low, high);
      add(sums[2 * half + 1], _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b)), low, high);
    }
  }
  // Packing works within halves of 16 bytes, so the order is restored at the end.
  const __m256i words0 = _mm256_packs_epi32(joined(sums[0]), joined(sums[1])),
                words1 = _mm256_packs_epi32(joined(sums[2]), joined(sums[3]));
  const __m256i bytes = _mm256_packus_epi16(words0, words1);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permutevar8x32_epi32(bytes, order));
}

}  // namespace

void resampleRowsAvx2(const View& source, const ResampleKernel& kernel, Image& result) {
  const auto pairs = pairsOf(kernel);
  const TwoRows rows(kernel, pairs.data());
  for (int y = 0; y < source.height; y += 2) {
    const int next = std::min(y + 1, source.height - 1);
    rows.resample({source.row(y), result.row(y)}, {source.row(next), result.row(next)});
  }
}

LT_AVX2 void resampleColumnsAvx2(const View& source, const ResampleKernel& kernel, Image& result) {
  const auto pairs = pairsOf(kernel);
  for (int y = 0; y < result.height; y++) {
    const auto [first, count] = kernel.spans[y];
    const Pair* own = pairs.data() + static_cast<size_t>(y) * (kernel.taps / 2);
    uint8_t* to = result.row(y);
    for (size_t x = 0; x < result.rowSize(); x += 32)
      blockOfColumns(source.row(first) + x, source.stride, own, count, to + x);
  }
}

}  // namespace lt::vision
