#include "vision/transforms/operations/hue.h"

#include <algorithm>

#include "vision/image/simd.h"

namespace lt {
namespace {

constexpr int pixelsAtOnce = 256;

// Some pixels, a plane a channel: loops over planes are what compilers vectorise.
struct Planes {
  int32_t a[pixelsAtOnce], b[pixelsAtOnce], c[pixelsAtOnce];
};

// All below is free of branches, so that it is done for several pixels at once. Pillow computes it in a
// mixture of single and double precision; single precision in this order gives the same bytes for all 2^24
// colours and all shifts.

// 1 in all bits where true.
inline int mask(bool condition) { return -static_cast<int>(condition); }

// Hue in units of 1/255 turn, saturation and value, each rounded down to a byte.
inline void toHsv(int red, int green, int blue, int& hue, int& saturation, int& value) {
  const int most = std::max(red, std::max(green, blue)), least = std::min(red, std::min(green, blue));
  const int isRed = mask(red == most), isGreen = mask(green == most) & ~isRed, isBlue = ~(isRed | isGreen);
  const int range = most - least;
  const int before = most - ((blue & isRed) | (red & isGreen) | (green & isBlue));
  const int after = most - ((green & isRed) | (blue & isGreen) | (red & isBlue));
  // In sixths of a turn 0, 2 or 4 for the largest channel, plus (before - after) / range; one of the two is
  // the range.
  const int isBefore = mask(before == range);
  const int whole = ((2 & isGreen) | (4 & isBlue)) + ((2 & isBefore) - 1);
  const int part = (-after & isBefore) | (before & ~isBefore);
  const float sixths =
      static_cast<float>(whole) + static_cast<float>(part) / static_cast<float>(std::max(range, 1));
  const float turns = sixths / 6.0f + static_cast<float>(sixths < 0.0f);
  hue = static_cast<int>(turns * 255.0f);
  saturation = static_cast<int>(static_cast<float>(range) / static_cast<float>(std::max(most, 1)) * 255.0f);
  value = most;
}

// A channel by how many sixths of a turn the hue is past the channel's own: there it is `value`, opposite it
// is `low`.
inline int channel(int sector, int value, int falling, int low, int rising) {
  return (mask((sector == 0) | (sector == 5)) & value) | (mask(sector == 1) & falling) |
         (mask((sector == 2) | (sector == 3)) & low) | (mask(sector == 4) & rising);
}

inline int withinTurn(int sector) { return sector - (6 & mask(sector >= 6)); }

inline int rounded(float positive) { return static_cast<int>(positive + 0.5f); }

inline void toRgb(int hue, int saturation, int value, int& red, int& green, int& blue) {
  const int sixths =
      static_cast<int>(static_cast<float>(hue) * (6.0f / 255.0f) + 1.0f / 512.0f);  // 6 hue / 255
  const int beyond = 6 * hue - 255 * sixths;
  const int grey = value * saturation;  // of 255 · 255
  const float exact = static_cast<float>(value);
  const int low = rounded(exact - static_cast<float>(grey) * (1.0f / 255.0f));
  const int falling = rounded(exact - static_cast<float>(grey * beyond) * (1.0f / 65025.0f));
  const int rising = rounded(exact - static_cast<float>(grey * (255 - beyond)) * (1.0f / 65025.0f));
  const int sector = withinTurn(sixths);
  red = channel(sector, value, falling, low, rising);
  green = channel(withinTurn(sector + 4), value, falling, low, rising);
  blue = channel(withinTurn(sector + 2), value, falling, low, rising);
}

LT_AVX2_TOO void rotate(Planes& p, int shift) {
  for (int i = 0; i < pixelsAtOnce; i++) {
    int hue, saturation, value;
    toHsv(p.a[i], p.b[i], p.c[i], hue, saturation, value);
    toRgb((hue + shift) & 255, saturation, value, p.a[i], p.b[i], p.c[i]);
  }
}

}  // namespace

void rotateHue(Image& image, uint8_t shift) {
  Planes planes{};
  uint8_t* rgb = image.pixels.get();
  const size_t pixels = image.size() / Image::channels;
  for (size_t start = 0; start < pixels; start += pixelsAtOnce, rgb += Image::channels * pixelsAtOnce) {
    const int count = static_cast<int>(std::min<size_t>(pixelsAtOnce, pixels - start));
    for (int i = 0; i < count; i++) {
      planes.a[i] = rgb[3 * i];
      planes.b[i] = rgb[3 * i + 1];
      planes.c[i] = rgb[3 * i + 2];
    }
    rotate(planes, shift);
    for (int i = 0; i < count; i++) {
      rgb[3 * i] = static_cast<uint8_t>(planes.a[i]);
      rgb[3 * i + 1] = static_cast<uint8_t>(planes.b[i]);
      rgb[3 * i + 2] = static_cast<uint8_t>(planes.c[i]);
    }
  }
}

}  // namespace lt
