// The budget of one image. A header may declare anything: what it declares is held against these limits
// before memory is taken or anything is decoded, by the same rule for every format and every decoder.
#pragma once
#include <cstdint>
#include <string>

namespace lt::vision {

// 65,500 is the longest side that libjpeg decodes; photographs, panoramas and scans stay below it.
inline constexpr int kMaxSide = 65'500;

// 268 million, a square of 16,384 pixels: more than the 200 megapixels of today's largest sensors.
inline constexpr int64_t kMaxPixels = int64_t{1} << 28;

// What one decode may hold at once, besides the file: 200 megapixels in a progressive JPEG of 4:4:4, or
// turned.
inline constexpr uint64_t kMaxMemory = uint64_t{2} << 30;

// 67 million, and 1 GiB: what decoders that cannot be interrupted inside one call take a few seconds for.
// Their files may be tiny.
inline constexpr int64_t kMaxPixelsAtOnce = int64_t{1} << 26;
inline constexpr uint64_t kMaxMemoryAtOnce = uint64_t{1} << 30;

// Each scan of a progressive JPEG goes over all of it, and may take a few bytes: twelve scans, more than
// encoders write, of the largest image.
inline constexpr int64_t kMaxScannedPixels = 12 * kMaxPixels;
inline constexpr int kMaxScans = 100;

// libpng decompresses every text and profile, a second for a megabyte; libtiff compares each directory with
// all before it.
inline constexpr uint64_t kMaxCompressedTexts = uint64_t{2} << 20;
inline constexpr int kMaxPages = 10'000;

// An image of less memory waits for no other: 20 megapixels.
inline constexpr uint64_t kFreeMemory = uint64_t{64} << 20;

// What an image file's header declares.
struct Declared {
  int height, width;
  bool atOnce = false;  // its decoder cannot be interrupted
  // What decoding holds for each pixel besides the result, such as a progressive JPEG's coefficients.
  int workingBytes = 0;
  bool copied = false;           // to stand upright, or to convert its colors
  std::string kind;              // "a progressive JPEG", for messages
  uint64_t minFileSize = 0;      // no smaller file of the format holds that many pixels
  int scans = 1;                 // of a JPEG
  uint64_t compressedTexts = 0;  // bytes of a PNG's compressed texts and color profile
  int pages = 1;                 // of a TIFF, counted up to the limit
};

// Throws a DataError for an image of longer sides or of more pixels than the budget allows.
void requireSize(int height, int width);

// Throws a DataError for an image outside the budget. Waits, inside a MemoryTurn, until images of other
// threads leave enough memory.
void requireBudget(const Declared& declared);

// While it lives, its thread works on one image, and its memory counts. All threads' images of more than
// kFreeMemory take at most kMaxMemory together: the budget of one image, however many threads there are.
class MemoryTurn {
 public:
  MemoryTurn();
  ~MemoryTurn();
  MemoryTurn(const MemoryTurn&) = delete;
};

// Throws a DataError, as for a truncated file, for one that is too small for what it declares.
void requireFileSize(const Declared& declared, uint64_t fileSize);

}  // namespace lt::vision
