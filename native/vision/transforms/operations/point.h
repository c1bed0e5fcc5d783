// Operations that change each byte by itself, byte for byte as Pillow's ImageOps.
#pragma once
#include "vision/image/image.h"

namespace lt {

void invert(Image& image);
void posterize(Image& image, int bits);         // keeps the highest `bits` bits of each byte, 0 … 8
void solarize(Image& image, double threshold);  // inverts bytes from the threshold on
void solarizeAdd(Image& image, int addend);     // adds to bytes below 128
void autoContrast(Image& image);                // stretches each channel to 0 … 255
void equalize(Image& image);                    // flattens each channel's histogram

}  // namespace lt
