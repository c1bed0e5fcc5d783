// The pixels that a strip needs, padded with zeros where the image ends.
#pragma once
#include "kernels/scratch.h"

namespace lt::kernels {

template <class S>
inline void clear(float* to, int64_t floats) {
  for (int64_t i = 0; i < floats; i += S::kWidth) S::store(to + i, S::fill(0));
}

// Six rows of pixels, of which the next strip downward reuses two. Row r of the padded image (its first row
// is the one above the image) lies in slot r modulo 6.
template <class S, class Prologue>
class Rows {
 public:
  Rows(const Images& images, const Strips& strips, int channels, const Prologue& prologue, float* memory)
      : images_(images),
        channels_(channels),
        prologue_(prologue),
        memory_(memory),
        rowFloats_(Scratch::rowFloats(strips, channels)) {}

  // Sets pointers to the strip's rows, of 4 · tiles + 2 pixels each; the first pixel is left of the first
  // tile.
  __attribute__((noinline)) void load(const Strip& strip, const float* (&rows)[kWindow]) {
    const int64_t top = strip.row * kTile;
    const bool follows = strip.row > 0 && strip.image == last_.image && strip.column == last_.column &&
                         strip.row == last_.row + 1;
    for (int i = follows ? 2 : 0; i < kWindow; i++) loadRow(strip, top + i);
    for (int i = 0; i < kWindow; i++) rows[i] = slot(top + i);
    last_ = strip;
  }

 private:
  float* slot(int64_t row) const { return memory_ + row % kWindow * rowFloats_; }

  void loadRow(const Strip& strip, int64_t row) {
    float* to = slot(row);
    const int64_t y = row - 1, left = strip.column * kTile - 1, pixels = kTile * strip.tiles + 2;
    if (y < 0 || y >= images_.height) return clear<S>(to, pixels * channels_);
    const int64_t begin = left < 0 ? 0 : left,
                  end = left + pixels < images_.width ? left + pixels : images_.width;
    clear<S>(to, (begin - left) * channels_);
    prologue_.read(to + (begin - left) * channels_,
                   (strip.image * images_.height + y) * images_.width + begin, end - begin);
    clear<S>(to + (end - left) * channels_, (left + pixels - end) * channels_);
  }

  const Images images_;
  const int channels_;
  const Prologue prologue_;
  float* const memory_;
  const int64_t rowFloats_;
  Strip last_{-1, 0, 0, 0};
};

}  // namespace lt::kernels
