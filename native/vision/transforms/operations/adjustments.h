// Changes of an image's bytes in place, byte for byte as Pillow makes them: ImageEnhance, ImageFilter and
// ImageOps.
#pragma once
#include "vision/image/image.h"

namespace lt::vision {

// ---- enhance.cpp: an image is moved away from a plainer version of itself (factor > 1) or toward it (factor
// < 1); a factor of 1 leaves it as it is.
void adjustBrightness(Image& image, float factor);  // away from black
void adjustContrast(Image& image, float factor);    // away from the mean gray level
void adjustSharpness(Image& image, float factor);   // away from the smoothed image

// Moves each pixel away from its own gray level; Pillow calls it Color.
void adjustSaturation(Image& image, float factor);

// Sets every channel to the gray level.
void grayscale(Image& image);

// ---- hue.cpp
// Adds shift / 255 of a turn to every pixel's hue and keeps its saturation and value, by way of Pillow's
// 8-bit HSV.
void rotateHue(Image& image, uint8_t shift);

// ---- blur.cpp
// Approximates a Gaussian blur of sigma >= 0 by three box blurs whose lengths need not be whole (Gwosdek et
// al., "Theoretical foundations of Gaussian convolution by extended box filtering", SSVM 2011), along rows
// and then along columns, each rounded to bytes; the border is repeated outward. The same definition as
// Pillow's GaussianBlur(sigma).
void gaussianBlur(Image& image, float sigma);

// ---- point.cpp: each byte is changed by itself.
void invert(Image& image);
void posterize(Image& image, int bits);         // keeps the highest `bits` bits of each byte, 0 … 8
void solarize(Image& image, double threshold);  // inverts bytes from the threshold on
void solarizeAdd(Image& image, int addend);     // adds to bytes below 128
void autoContrast(Image& image);                // stretches each channel to 0 … 255
void equalize(Image& image);                    // flattens each channel's histogram

}  // namespace lt::vision
