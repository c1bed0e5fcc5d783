// What an image file is and whether it can be decoded, to find what is wrong with data before training.
#pragma once
#include <string>

#include "vision/inspection/fingerprint.h"
#include "vision/sources/source.h"

namespace lt::vision {

struct Inspection {
  std::string error;       // why it cannot be decoded for training; empty when it can
  std::string warning;     // what the decoder complained of though it went on
  bool truncated = false;  // an error because the file ends before the image does
  bool huge = false;       // refused for its declared size, before anything was decoded
  // "jpeg", "png" or "webp"; another format's name where it is known; "pixels" without a file; otherwise
  // empty.
  std::string format;
  int width = 0, height = 0;  // as stored, before the EXIF orientation is applied
  int bits = 0;               // a channel
  std::string color;          // "rgb", "gray" or "cmyk"
  bool alpha = false;
  int orientation = 1;      // EXIF's, 1 to 8
  uint64_t bytes = 0;       // of the file
  uint64_t fileHash = 0;    // equal for equal files
  uint64_t pixelHash = 0;   // equal for equal images, whatever else is in their files; 0 with an error
  Fingerprint fingerprint;  // of the upright image
};

enum class Depth { Header, Whole };

// Inspects an image, on any thread. It never throws a DataError: what is wrong is the result. `Header` leaves
// out all that needs decoding and hashing. Large JPEG files are decoded to a fraction of their size, which
// reads all of the file.
Inspection inspect(const Source& source, size_t index, Depth depth);

// Returns the image, upright, as a JPEG file that fits a square of `side` pixels; of a damaged file as much
// as can be decoded. Empty when nothing can be.
std::vector<uint8_t> thumbnailOf(const Source& source, size_t index, int side);

}  // namespace lt::vision
