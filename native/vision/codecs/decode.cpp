#include "vision/codecs/decode.h"

#include <string_view>

#include "vision/codecs/decode-vips.h"
#include "vision/codecs/jpeg.h"

namespace lt::vision {
namespace {

using namespace std::string_view_literals;

std::string_view textOf(std::span<const uint8_t> content) {
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

bool isJpeg(std::span<const uint8_t> content) { return textOf(content).starts_with("\xff\xd8\xff"sv); }

// Goes by content, not by name: photographs with a wrong extension are common.
Image decodeUnnamed(std::span<const uint8_t> content) {
  if (content.empty()) throw DataError("the file is empty");
  const std::string_view start = textOf(content);
  if (isJpeg(content))
    return hasJpegLibrary() ? decodeJpeg(content) : decodeByVips(content, VipsFormat::Jpeg);
  if (start.starts_with("\x89PNG\r\n\x1a\n"sv)) return decodeByVips(content, VipsFormat::Png);
  if (start.starts_with("RIFF"sv) && start.substr(0, 12).ends_with("WEBP"sv))
    return decodeByVips(content, VipsFormat::Webp);
  throw DataError("expected a JPEG, PNG or WebP image, found other content");
}

template <class Call>
auto naming(const std::string& name, Call call) {
  try {
    return call();
  } catch (const DataError& error) {
    throw DataError(name + ": " + error.what());
  }
}

}  // namespace

Image decodeBytes(const std::string& name, std::span<const uint8_t> content) {
  return naming(name, [&] { return decodeUnnamed(content); });
}

Region decodeRegion(const std::string& name, std::span<const uint8_t> content,
                    const RequiredWindowOf& requiredOf) {
  return naming(name, [&] {
    return isJpeg(content) && hasJpegLibrary() ? decodeJpegRegion(content, requiredOf)
                                               : Region::all(decodeUnnamed(content));
  });
}

void endDecodingThread() { endVipsThread(); }

}  // namespace lt::vision
