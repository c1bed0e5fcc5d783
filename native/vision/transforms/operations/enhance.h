// Brightness, contrast and colour as Pillow's ImageEnhance changes them: an image is moved away from a
// plainer version of itself (factor > 1) or towards it (factor < 1); 1 leaves it as it is.
#pragma once
#include "vision/image/image.h"

namespace lt {

// values = plain + factor · (values − plain), clipped and rounded down, for each byte: Pillow's Image.blend.
void blend(const uint8_t* plain, uint8_t* values, size_t count, float factor);

// Every channel becomes the grey level.
void grayscale(Image& image);

void adjustBrightness(Image& image, float factor);  // away from black
void adjustContrast(Image& image, float factor);    // away from the mean grey level
void adjustSaturation(Image& image,
                      float factor);  // away from each pixel's grey level; Pillow calls it Color

}  // namespace lt
