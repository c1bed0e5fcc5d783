#include "vision/transforms/operations/luma.h"

#include <immintrin.h>

#include "vision/image/simd.h"

namespace lt::vision {
namespace {

constexpr int kRed = 19595, kGreen = 38470, kBlue = 7471, kHalf = 0x8000;  // of 2^16

uint8_t lumaOf(const uint8_t* pixel) {
  return static_cast<uint8_t>((kRed * pixel[0] + kGreen * pixel[1] + kBlue * pixel[2] + kHalf) >> 16);
}

// ---- With AVX2, eight pixels at a time. Their loads reach four bytes further, so the last pixels are done
// one by one.
constexpr size_t kAtOnce = 8, kSpare = 2;

size_t inEights(size_t pixels) {
  return pixels < kAtOnce + kSpare ? 0 : (pixels - kSpare) / kAtOnce * kAtOnce;
}

// Returns the levels of eight pixels, in 32 bits each, by products of pairs of 16-bit numbers; green's weight
// does not fit, so it is taken in two halves.
LT_AVX2 inline __m256i eightLumas(const uint8_t* rgb) {
  const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rgb));
  const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rgb + 12));
  const __m256i pixels = _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
  const __m256i redGreen = _mm256_shuffle_epi8(
      pixels,
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1)));
  const __m256i greenBlue = _mm256_shuffle_epi8(
      pixels,
      _mm256_broadcastsi128_si256(_mm_setr_epi8(1, -1, 2, -1, 4, -1, 5, -1, 7, -1, 8, -1, 10, -1, 11, -1)));
  const __m256i sum =
      _mm256_add_epi32(_mm256_madd_epi16(redGreen, _mm256_set1_epi32(kRed | kGreen / 2 << 16)),
                       _mm256_madd_epi16(greenBlue, _mm256_set1_epi32(kGreen / 2 | kBlue << 16)));
  return _mm256_srli_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(kHalf)), 16);
}

LT_AVX2 void repeatLumaAvx2(const uint8_t* rgb, size_t pixels, uint8_t* to) {
  const __m256i thrice =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 0, 4, 4, 4, 8, 8, 8, 12, 12, 12, -1, -1, -1, -1));
  for (size_t i = 0; i < pixels; i += kAtOnce, rgb += 3 * kAtOnce, to += 3 * kAtOnce) {
    const __m256i levels = _mm256_shuffle_epi8(eightLumas(rgb), thrice);
    const __m128i last = _mm256_extracti128_si256(levels, 1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(levels));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to + 12), last);
    _mm_storeu_si32(to + 20, _mm_srli_si128(last, 8));
  }
}

LT_AVX2 uint64_t sumOfLumaAvx2(const uint8_t* rgb, size_t pixels) {
  __m256i sums = _mm256_setzero_si256();
  for (size_t i = 0; i < pixels; i += kAtOnce) {
    sums = _mm256_add_epi64(sums, _mm256_sad_epu8(eightLumas(rgb + 3 * i), _mm256_setzero_si256()));
  }
  uint64_t four[4];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(four), sums);
  return four[0] + four[1] + four[2] + four[3];
}

}  // namespace

void repeatLuma(const uint8_t* rgb, size_t pixels, uint8_t* to) {
  const size_t done = hasAvx2() ? inEights(pixels) : 0;
  if (done > 0) repeatLumaAvx2(rgb, done, to);
  for (size_t i = done; i < pixels; i++) to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = lumaOf(rgb + 3 * i);
}

uint64_t sumOfLuma(const uint8_t* rgb, size_t pixels) {
  const size_t done = hasAvx2() ? inEights(pixels) : 0;
  uint64_t sum = done > 0 ? sumOfLumaAvx2(rgb, done) : 0;
  for (size_t i = done; i < pixels; i++) sum += lumaOf(rgb + 3 * i);
  return sum;
}

}  // namespace lt::vision
