// The order of pixels in a row and of their channels in memory.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace lt {

// A row from its right to its left. Reads and writes up to a byte past the row's end; the rows must not
// overlap.
void mirror(const uint8_t* from, size_t pixels, uint8_t* to);

// Three planes of red, green and blue to pixels.
void interleave(const std::array<const uint8_t*, 3>& planes, size_t pixels, uint8_t* to);

}  // namespace lt
