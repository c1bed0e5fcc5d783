#include <immintrin.h>

#include <vector>

#include "vision/image/simd.h"
#include "vision/transforms/operations/sample.h"

namespace lt::vision {
namespace {

// The arithmetic of sample.cpp in the same order, a channel a lane; the fourth lane is dropped in the end.

LT_AVX2 inline __m256d between(__m256d from, __m256d slope, __m256d d) {
  return _mm256_add_pd(from, _mm256_mul_pd(slope, d));
}

struct Bilinear {
  static constexpr int kBefore = 0, kCount = 2;
  static constexpr auto kPixel = pixelBilinear;

  LT_AVX2 static __m256d across(const uint8_t* pixels, __m256d d) {
    const __m128i apart = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m128i bytes = _mm_shuffle_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(pixels)), apart);
    const __m128i first = _mm_cvtepu8_epi32(bytes), second = _mm_cvtepu8_epi32(_mm_srli_si128(bytes, 4));
    return between(_mm256_cvtepi32_pd(first), _mm256_cvtepi32_pd(_mm_sub_epi32(second, first)), d);
  }

  LT_AVX2 static __m256d down(const __m256d (&v)[kCount], __m256d d) {
    return between(v[0], _mm256_sub_pd(v[1], v[0]), d);
  }
};

struct Bicubic {
  static constexpr int kBefore = 1, kCount = 4;
  static constexpr auto kPixel = pixelBicubic;

  LT_AVX2 static __m256d mix(__m256d from, __m256d slope, __m256d bend, __m256d twist, __m256d d) {
    return between(from, between(slope, between(bend, twist, d), d), d);
  }

  LT_AVX2 static __m256d across(const uint8_t* pixels, __m256d d) {
    // First and third neighbor, then second and fourth.
    const __m128i apart = _mm_setr_epi8(0, 1, 2, -1, 6, 7, 8, -1, 3, 4, 5, -1, 9, 10, 11, -1);
    const __m128i bytes = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels)), apart);
    const __m256i odd = _mm256_cvtepu8_epi32(bytes), even = _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8));
    const __m256i falls = _mm256_sub_epi32(odd, even);  // v0 - v1 and v2 - v3
    const __m128i fall = _mm256_castsi256_si128(falls),
                  both = _mm_add_epi32(fall, _mm256_extracti128_si256(falls, 1));
    const __m128i slope = _mm_sub_epi32(_mm256_extracti128_si256(odd, 1), _mm256_castsi256_si128(odd));
    const __m128i bend = _mm_add_epi32(fall, both), twist = _mm_sub_epi32(_mm_setzero_si128(), both);
    return mix(_mm256_cvtepi32_pd(_mm256_castsi256_si128(even)), _mm256_cvtepi32_pd(slope),
               _mm256_cvtepi32_pd(bend), _mm256_cvtepi32_pd(twist), d);
  }

  LT_AVX2 static __m256d down(const __m256d (&v)[kCount], __m256d d) {
    const __m256d fall = _mm256_sub_pd(v[0], v[1]);
    const __m256d bend = _mm256_sub_pd(_mm256_add_pd(_mm256_add_pd(fall, fall), v[2]), v[3]);
    const __m256d twist = _mm256_add_pd(_mm256_sub_pd(_mm256_sub_pd(v[1], v[0]), v[2]), v[3]);
    return mix(v[1], _mm256_sub_pd(v[2], v[0]), bend, twist, d);
  }
};

LT_AVX2 inline __m256d load(const uint8_t* pixel) {
  int32_t bytes;
  std::memcpy(&bytes, pixel, sizeof bytes);
  return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes)));
}

LT_AVX2 inline void store(__m256d values, uint8_t* pixel) {
  const __m128i whole = _mm256_cvttpd_epi32(values), words = _mm_packs_epi32(whole, whole);
  const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
  std::memcpy(pixel, &bytes, Image::kChannels);
}

// The positions of a row of the result in the image, computed for all pixels before the first is made, so
// that the processor can work on several at once.
struct Positions {
  static constexpr int kAtOnce = 4;
  std::vector<double> x, y;  // fractions
  std::vector<int> corners;  // first byte of the neighbors in the image; -1 unless all are inside

  explicit Positions(int width) : x(width + kAtOnce), y(width + kAtOnce), corners(width + kAtOnce) {}
};

// Computes Affine::at for one coordinate, less the half that lies between a pixel's corner and its center.
LT_AVX2 inline __m256d along(__m256d column, double factor, __m256d row, double offset) {
  const __m256d sum = _mm256_add_pd(_mm256_mul_pd(_mm256_set1_pd(factor), column), row);
  return _mm256_sub_pd(_mm256_add_pd(sum, _mm256_set1_pd(offset)), _mm256_set1_pd(0.5));
}

template <class Filter>
LT_AVX2 inline void find(Positions& positions, const Image& image, const Affine& affine, int row) {
  const __m256d rowX = _mm256_set1_pd(affine.b * (row + 0.5)), rowY = _mm256_set1_pd(affine.e * (row + 0.5));
  const __m128i before = _mm_set1_epi32(Filter::kBefore);
  const __m128i lastX = _mm_set1_epi32(image.width - Filter::kCount),
                lastY = _mm_set1_epi32(image.height - Filter::kCount);
  __m256d column = _mm256_setr_pd(0.5, 1.5, 2.5, 3.5);
  for (int i = 0; i < image.width;
       i += Positions::kAtOnce, column = _mm256_add_pd(column, _mm256_set1_pd(Positions::kAtOnce))) {
    const __m256d x = along(column, affine.a, rowX, affine.c), y = along(column, affine.d, rowY, affine.f);
    const __m256d left = _mm256_floor_pd(x), top = _mm256_floor_pd(y);
    _mm256_storeu_pd(&positions.x[i], _mm256_sub_pd(x, left));
    _mm256_storeu_pd(&positions.y[i], _mm256_sub_pd(y, top));
    const __m128i first = _mm_sub_epi32(_mm256_cvttpd_epi32(left), before),
                  above = _mm_sub_epi32(_mm256_cvttpd_epi32(top), before);
    // Negative if one of the four is, which are the distances from the image's edges.
    const __m128i outside = _mm_or_si128(_mm_or_si128(first, _mm_sub_epi32(lastX, first)),
                                         _mm_or_si128(above, _mm_sub_epi32(lastY, above)));
    const __m128i pixel = _mm_add_epi32(_mm_mullo_epi32(above, _mm_set1_epi32(image.width)), first);
    const __m128i corner = _mm_mullo_epi32(pixel, _mm_set1_epi32(Image::kChannels));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(&positions.corners[i]),
                     _mm_or_si128(corner, _mm_srai_epi32(outside, 31)));
  }
}

// Shears and translations along one axis leave the other's fraction at 0 and need no mixing there.
template <class Filter>
LT_AVX2 inline void makePixel(const uint8_t* corner, size_t stride, double x, double y, uint8_t* to) {
  const __m256d dx = _mm256_set1_pd(x);
  if (y == 0) return store(Filter::across(corner + Filter::kBefore * stride, dx), to);
  __m256d rows[Filter::kCount];
  if (x == 0) {
    for (int i = 0; i < Filter::kCount; i++)
      rows[i] = load(corner + i * stride + Filter::kBefore * Image::kChannels);
  } else {
    for (int i = 0; i < Filter::kCount; i++) rows[i] = Filter::across(corner + i * stride, dx);
  }
  store(Filter::down(rows, _mm256_set1_pd(y)), to);
}

template <class Filter>
LT_AVX2 inline void sample(const Image& image, const Affine& affine, const Color& fill, Image& result) {
  Positions positions(image.width);
  for (int row = 0; row < result.height; row++) {
    find<Filter>(positions, image, affine, row);
    uint8_t* to = result.row(row);
    for (int column = 0; column < result.width; column++, to += Image::kChannels) {
      const int corner = positions.corners[column];
      if (corner >= 0)
        makePixel<Filter>(image.pixels.get() + corner, image.rowSize(), positions.x[column],
                          positions.y[column], to);
      else
        Filter::kPixel(image, affine.at(column + 0.5, row + 0.5), fill, to);
    }
  }
}

}  // namespace

LT_AVX2 void sampleBilinearAvx2(const Image& image, const Affine& affine, const Color& fill, Image& result) {
  sample<Bilinear>(image, affine, fill, result);
}

LT_AVX2 void sampleBicubicAvx2(const Image& image, const Affine& affine, const Color& fill, Image& result) {
  sample<Bicubic>(image, affine, fill, result);
}

}  // namespace lt::vision
