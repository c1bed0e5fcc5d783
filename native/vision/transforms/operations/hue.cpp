#include "vision/transforms/operations/adjustments.h"

#include <algorithm>

#include "vision/image/simd.h"

namespace lt::vision {
namespace {

constexpr int kPixelsAtOnce = 256;

// Some pixels, one plane per channel: loops over planes are what compilers vectorize.
struct Planes {
  int32_t a[kPixelsAtOnce], b[kPixelsAtOnce], c[kPixelsAtOnce];
};

// All of the code below is free of branches, so that it handles several pixels at once. Pillow computes it in
// a mixture of single and double precision; single precision in this order gives the same bytes for all 2^24
// colors and all shifts.

// Returns 1 in all bits where the condition is true.
inline int mask(bool condition) { return -static_cast<int>(condition); }

// Hue in units of 1/255 turn, saturation and value, each rounded down to a byte.
inline void toHsv(int red, int green, int blue, int& hue, int& saturation, int& value) {
  const int maximum = std::max(red, std::max(green, blue)), minimum = std::min(red, std::min(green, blue));
  const int isRed = mask(red == maximum), isGreen = mask(green == maximum) & ~isRed,
            isBlue = ~(isRed | isGreen);
  const int range = maximum - minimum;
  const int before = maximum - ((blue & isRed) | (red & isGreen) | (green & isBlue));
  const int after = maximum - ((green & isRed) | (blue & isGreen) | (red & isBlue));
  // In sixths of a turn 0, 2 or 4 for the largest channel, plus (before - after) / range; one of the two is
  // the range.
  const int isBefore = mask(before == range);
  const int whole = ((2 & isGreen) | (4 & isBlue)) + ((2 & isBefore) - 1);
  const int part = (-after & isBefore) | (before & ~isBefore);
  const float sixths =
      static_cast<float>(whole) + static_cast<float>(part) / static_cast<float>(std::max(range, 1));
  const float turns = sixths / 6.0f + static_cast<float>(sixths < 0.0f);
  hue = static_cast<int>(turns * 255.0f);
  saturation =
      static_cast<int>(static_cast<float>(range) / static_cast<float>(std::max(maximum, 1)) * 255.0f);
  value = maximum;
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
  const int gray = value * saturation;  // of 255 · 255
  const float exact = static_cast<float>(value);
  const int low = rounded(exact - static_cast<float>(gray) * (1.0f / 255.0f));
  const int falling = rounded(exact - static_cast<float>(gray * beyond) * (1.0f / 65025.0f));
  const int rising = rounded(exact - static_cast<float>(gray * (255 - beyond)) * (1.0f / 65025.0f));
  const int sector = withinTurn(sixths);
  red = channel(sector, value, falling, low, rising);
  green = channel(withinTurn(sector + 4), value, falling, low, rising);
  blue = channel(withinTurn(sector + 2), value, falling, low, rising);
}

LT_AVX2_TOO void rotate(Planes& p, int shift) {
  for (int i = 0; i < kPixelsAtOnce; i++) {
    int hue, saturation, value;
    toHsv(p.a[i], p.b[i], p.c[i], hue, saturation, value);
    toRgb((hue + shift) & 255, saturation, value, p.a[i], p.b[i], p.c[i]);
  }
}

}  // namespace

void rotateHue(Image& image, uint8_t shift) {
  Planes planes{};
  uint8_t* rgb = image.pixels.get();
  const size_t pixels = image.size() / Image::kChannels;
  for (size_t start = 0; start < pixels; start += kPixelsAtOnce, rgb += Image::kChannels * kPixelsAtOnce) {
    const int count = static_cast<int>(std::min<size_t>(kPixelsAtOnce, pixels - start));
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

}  // namespace lt::vision
