#include "vision/transforms/operations/sample.h"

#include <emmintrin.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "vision/image/simd.h"

#pragma GCC diagnostic ignored "-Wpsabi"  // how vectors of four doubles are passed: all is inlined here

namespace lt::vision {
namespace {

// A pixel in four lanes. The fourth holds the byte behind the pixel and is dropped in the end.
using Bytes = int32_t __attribute__((vector_size(16)));
using Values = double __attribute__((vector_size(32)));

#define LT_INLINE [[gnu::always_inline]] inline

LT_INLINE Bytes load(const uint8_t* pixel) {
  int32_t word;
  std::memcpy(&word, pixel, sizeof word);
  const __m128i zero = _mm_setzero_si128();
  return (Bytes)_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(word), zero), zero);
}

// Stores the values without their fractions, clipped to 0 … 255.
LT_INLINE void store(const Values& values, uint8_t* pixel) {
  const auto whole = (__m128i) __builtin_convertvector(values, Bytes);
  const __m128i words = _mm_packs_epi32(whole, whole);
  const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
  std::memcpy(pixel, &bytes, Image::kChannels);
}

LT_INLINE Values toValues(const Bytes& bytes) { return __builtin_convertvector(bytes, Values); }

// A position as a whole number and the fraction beyond it.
struct Position {
  int whole;
  double fraction;
};

LT_INLINE Position positionOf(double position) {
  const double whole = std::floor(position);
  return {static_cast<int>(whole), position - whole};
}

// Mixes two values.
struct Bilinear {
  static constexpr int kBefore = 0, kCount = 2;

  template <class Lanes>
  LT_INLINE static Values mix(const Lanes (&v)[kCount], double d) {
    if constexpr (std::is_same_v<Lanes, Bytes>)
      return toValues(v[0]) + toValues(v[1] - v[0]) * d;
    else
      return v[0] + (v[1] - v[0]) * d;
  }
};

// Mixes the second and the third of four values: the cubic convolution of Keys (1981) with a = -1, as Pillow
// has it.
struct Bicubic {
  static constexpr int kBefore = 1, kCount = 4;

  template <class Lanes>
  LT_INLINE static Values mix(const Lanes (&v)[kCount], double d) {
    const Lanes slope = v[2] - v[0], bend = 2 * (v[0] - v[1]) + v[2] - v[3],
                twist = v[1] - v[0] - v[2] + v[3];
    if constexpr (std::is_same_v<Lanes, Bytes>)
      return toValues(v[1]) + d * (toValues(slope) + d * (toValues(bend) + d * toValues(twist)));
    else
      return v[1] + d * (slope + d * (bend + d * twist));
  }
};

// Returns the image's value at a point, with pixels at whole numbers; beyond the border the border's pixels
// continue. Shears move one coordinate only: the other's fraction is 0 and needs no mixing.
template <class Filter>
LT_INLINE Values sampleAt(const Image& image, double x, double y) {
  const Position column = positionOf(x), row = positionOf(y);
  ptrdiff_t offsets[Filter::kCount];
  for (int i = 0; i < Filter::kCount; i++) {
    offsets[i] =
        3 * static_cast<ptrdiff_t>(std::clamp(column.whole - Filter::kBefore + i, 0, image.width - 1));
  }
  const auto across = [&](int at) __attribute__((always_inline)) {
    const uint8_t* pixels = image.row(std::clamp(at, 0, image.height - 1));
    if (column.fraction == 0) return toValues(load(pixels + offsets[Filter::kBefore]));
    Bytes neighbors[Filter::kCount];
    for (int i = 0; i < Filter::kCount; i++) neighbors[i] = load(pixels + offsets[i]);
    return Filter::mix(neighbors, column.fraction);
  };
  if (row.fraction == 0) return across(row.whole);
  Values rows[Filter::kCount];
  for (int i = 0; i < Filter::kCount; i++) rows[i] = across(row.whole - Filter::kBefore + i);
  return Filter::mix(rows, row.fraction);
}

template <class Filter>
LT_INLINE void samplePixel(const Image& image, Point point, const Color& fill, uint8_t* to) {
  const auto [x, y] = point;
  if (x < 0 || x >= image.width || y < 0 || y >= image.height)
    std::memcpy(to, fill.data(), Image::kChannels);
  else
    store(sampleAt<Filter>(image, x - 0.5, y - 0.5), to);
}

template <class Filter>
void sample(const Image& image, const Affine& affine, const Color& fill, Image& result) {
  for (int row = 0; row < result.height; row++) {
    uint8_t* to = result.row(row);
    for (int column = 0; column < result.width; column++, to += Image::kChannels) {
      samplePixel<Filter>(image, affine.at(column + 0.5, row + 0.5), fill, to);
    }
  }
}

}  // namespace

void sampleBilinear(const Image& image, const Affine& affine, const Color& fill, Image& result) {
  if (hasAvx2()) return sampleBilinearAvx2(image, affine, fill, result);
  sample<Bilinear>(image, affine, fill, result);
}

void sampleBicubic(const Image& image, const Affine& affine, const Color& fill, Image& result) {
  if (hasAvx2()) return sampleBicubicAvx2(image, affine, fill, result);
  sample<Bicubic>(image, affine, fill, result);
}

void pixelBilinear(const Image& image, Point point, const Color& fill, uint8_t* to) {
  samplePixel<Bilinear>(image, point, fill, to);
}

void pixelBicubic(const Image& image, Point point, const Color& fill, uint8_t* to) {
  samplePixel<Bicubic>(image, point, fill, to);
}

}  // namespace lt::vision
