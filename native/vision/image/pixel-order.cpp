#include "vision/image/pixel-order.h"

#include <immintrin.h>

#include "vision/image/simd.h"

namespace lt::vision {
namespace {

using Order = std::array<int8_t, 16>;  // for each byte of a result the byte that it comes from; -1: zero

LT_AVX2 inline __m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
LT_AVX2 inline void store(uint8_t* to, __m128i bytes) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
}

// Mirrors as many pixels as fill whole registers, five each, and returns their number.
LT_AVX2 size_t mirrorFives(const uint8_t* from, size_t pixels, uint8_t* to) {
  static constexpr Order kBackwards = {12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, -1};
  const __m128i order = load(kBackwards.data());
  size_t made = 0;
  for (; made + 5 <= pixels; made += 5)
    store(to + 3 * made, _mm_shuffle_epi8(load(from + 3 * (pixels - made - 5)), order));
  return made;
}

// Returns where a channel's bytes go in a third of 16 pixels.
constexpr Order orderOf(int channel, int third) {
  Order order{};
  for (int i = 0; i < 16; i++) {
    const int index = 16 * third + i;
    order[i] = static_cast<int8_t>(index % 3 == channel ? index / 3 : -1);
  }
  return order;
}

// Interleaves as many pixels as fill whole registers, 16 each, and returns their number.
LT_AVX2 size_t interleaveSixteens(const std::array<const uint8_t*, 3>& planes, size_t pixels, uint8_t* to) {
  static constexpr std::array<std::array<Order, 3>, 3> kOrders = {
      {{orderOf(0, 0), orderOf(0, 1), orderOf(0, 2)},
       {orderOf(1, 0), orderOf(1, 1), orderOf(1, 2)},
       {orderOf(2, 0), orderOf(2, 1), orderOf(2, 2)}}};
  size_t made = 0;
  for (; made + 16 <= pixels; made += 16) {
    const __m128i red = load(planes[0] + made), green = load(planes[1] + made), blue = load(planes[2] + made);
    for (int third = 0; third < 3; third++) {
      const auto placed = [&](__m128i bytes, int channel) LT_AVX2 {
        return _mm_shuffle_epi8(bytes, load(kOrders[channel][third].data()));
      };
      store(to + 3 * made + 16 * third,
            _mm_or_si128(_mm_or_si128(placed(red, 0), placed(green, 1)), placed(blue, 2)));
    }
  }
  return made;
}

}  // namespace

void mirror(const uint8_t* from, size_t pixels, uint8_t* to) {
  for (size_t x = hasAvx2() ? mirrorFives(from, pixels, to) : 0; x < pixels; x++) {
    for (int c = 0; c < 3; c++) to[3 * x + c] = from[3 * (pixels - 1 - x) + c];
  }
}

void interleave(const std::array<const uint8_t*, 3>& planes, size_t pixels, uint8_t* to) {
  for (size_t i = hasAvx2() ? interleaveSixteens(planes, pixels, to) : 0; i < pixels; i++) {
    for (int c = 0; c < 3; c++) to[3 * i + c] = planes[c][i];
  }
}

void cmykToRgb(const uint8_t* from, int width, uint8_t* to) {
  for (int x = 0; x < width; x++, from += 4, to += 3) {
    for (int c = 0; c < 3; c++) to[c] = static_cast<uint8_t>(((255 - from[c]) * (255 - from[3]) + 127) / 255);
  }
}

}  // namespace lt::vision
