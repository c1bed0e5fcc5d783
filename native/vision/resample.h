// Resizing by separable convolution.
#pragma once
#include "vision/image.h"

namespace lt {

// One side of an image that is resized: `inputs` pixels become `outputs`, of which only `count` from `first` on are wanted.
// The outputs divide `length` among them, in pixels from the place `start`: all inputs, unless said otherwise.
struct Axis {
  int inputs, outputs, first, count;
  double start = 0, length = inputs;

  static Axis whole(int inputs, int outputs) { return {inputs, outputs, 0, outputs}; }
  bool keepsSize() const { return inputs == outputs && length == inputs; }
};

// The pixels that the wanted ones are made of.
struct Span {
  int first, count;
};
Span inputsOf(const Axis& axis);

// Bilinear with antialias: each output pixel is the weighted mean of the input under a triangle whose half-width is
// max(1, reduction), first along rows, then along columns, rounded to bytes after each pass, with 22-bit fixed-point
// weights; a side that keeps its size is passed over. The same definition as Pillow's Image.resize(…, BILINEAR).
// `source` is inputsOf(rows) x inputsOf(columns) of the image; the result is what is wanted of the resized one.
Image resample(const View& source, const Axis& rows, const Axis& columns);

// All of the image.
Image resample(const View& image, int height, int width);

}  // namespace lt
