#include "vision/decode.h"

#include <string_view>

#include "vision/decode-vips.h"
#include "vision/jpeg.h"
#include "vision/read.h"

namespace lt {
namespace {

// By content, not by name: photographs with a wrong extension are common.
Image decodeUnnamed(std::span<const uint8_t> content) {
  using namespace std::string_view_literals;
  if (content.empty()) throw DataError("the file is empty");
  const std::string_view start(reinterpret_cast<const char*>(content.data()), content.size());
  if (start.starts_with("\xff\xd8\xff"sv)) {
    return hasJpegLibrary() ? decodeJpeg(content) : decodeByVips(content, VipsFormat::jpeg);
  }
  if (start.starts_with("\x89PNG\r\n\x1a\n"sv)) return decodeByVips(content, VipsFormat::png);
  if (start.starts_with("RIFF"sv) && start.substr(0, 12).ends_with("WEBP"sv)) return decodeByVips(content, VipsFormat::webp);
  throw DataError("expected a JPEG, PNG or WebP image, found other content");
}

}  // namespace

Image decodeFile(const std::string& path) { return decodeBytes(path, readFile(path)); }

Image decodeBytes(const std::string& name, std::span<const uint8_t> content) {
  try {
    return decodeUnnamed(content);
  } catch (const DataError& error) {
    throw DataError(name + ": " + error.what());
  }
}

void endDecodingThread() { endVipsThread(); }

}  // namespace lt
