// Image files to pixels.
#pragma once
#include <span>
#include <string>

#include "vision/framing.h"

namespace lt {

// Decodes a JPEG, PNG or WebP file, whatever its name ends in. The result is always three-channel sRGB: grey is
// repeated, alpha is dropped and CMYK is converted as Pillow's convert("RGB") does, 16 bits become 8, the EXIF
// orientation is applied. JPEG goes by the system's libjpeg-turbo where there is one (see jpeg.h), all else by libvips.
// Throws a DataError that names the file when it cannot be read, is truncated, or declares more than 2^28 pixels.
// Any thread.
Image decodeFile(const std::string& path);

// The same for a file's content; `name` stands for the path in messages.
Image decodeBytes(const std::string& name, std::span<const uint8_t> content);

// At least the window of it that is needed, with the same values; of a JPEG by libjpeg-turbo not much more, and reduced
// where it may be.
Part decodePart(const std::string& name, std::span<const uint8_t> content, const Needs& needs);

// Frees what libvips keeps for the calling thread; call it at the end of each thread that decoded.
void endDecodingThread();

}  // namespace lt
