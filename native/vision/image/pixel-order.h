// The order of pixels in a row and of their channels in memory.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace lt::vision {

// Mirrors a row. Reads and writes up to a byte past the row's end; the rows must not overlap.
void mirror(const uint8_t* from, size_t pixels, uint8_t* to);

// Interleaves three planes of red, green and blue to pixels.
void interleave(const std::array<const uint8_t*, 3>& planes, size_t pixels, uint8_t* to);

// Converts a row of CMYK as Pillow's convert("RGB") does: each ink's complement times that of black, over
// 255, rounded.
void cmykToRgb(const uint8_t* from, int width, uint8_t* to);

}  // namespace lt::vision
