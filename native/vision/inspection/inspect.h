// What an image file is and whether it can be decoded, to find what is wrong with data before training.
#pragma once
#include <string>

#include "vision/inspection/fingerprint.h"
#include "vision/sources/source.h"

namespace lt {

struct Inspection {
  std::string error;       // why it cannot be decoded for training; empty when it can
  std::string warning;     // what the decoder complained of though it went on
  bool truncated = false;  // an error because the file ends before the image does
  bool huge = false;       // refused for its declared size, before anything was decoded
  std::string
      format;  // "jpeg", "png", "webp"; another's name where it is known; "pixels" without a file; else empty
  int width = 0, height = 0;  // as stored, before the EXIF orientation is applied
  int bits = 0;               // a channel
  std::string colour;         // "rgb", "grey" or "cmyk"
  bool alpha = false;
  int orientation = 1;      // EXIF's, 1 to 8
  uint64_t bytes = 0;       // of the file
  uint64_t fileHash = 0;    // equal for equal files
  uint64_t pixelHash = 0;   // equal for equal images, whatever else is in their files; 0 with an error
  Fingerprint fingerprint;  // of the upright image
};

enum class Depth { header, whole };

// Any thread; never throws a DataError: what is wrong is the result. `header` leaves out all that needs
// decoding and hashing. Large JPEG files are decoded to a fraction of their size, which reads all of the
// file.
Inspection inspect(const Source& source, size_t index, Depth depth);

// The image, upright, as a JPEG file that fits a square of `side` pixels; of a damaged file as much as can be
// decoded. Empty when nothing can.
std::vector<uint8_t> thumbnailOf(const Source& source, size_t index, int side);

}  // namespace lt
