#include "vision/codecs/decode.h"

#include <string_view>

#include "vision/codecs/declared.h"
#include "vision/codecs/jpeg.h"

namespace lt::vision {
namespace {

using namespace std::string_view_literals;

std::string_view textOf(std::span<const uint8_t> content) {
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

// Goes by content, not by name: photographs with a wrong extension are common. Holds the header against the
// budget.
VipsFormat acceptedFormat(std::span<const uint8_t> content) {
  if (content.empty()) throw DataError("the file is empty");
  const std::string_view start = textOf(content);
  const auto accepted = [&](VipsFormat format) {
    const Declared declared = declaredBy(content, format);
    requireBudget(declared);
    requireFileSize(declared, content.size());
    return format;
  };
  if (start.starts_with("\xff\xd8\xff"sv)) return accepted(VipsFormat::Jpeg);
  if (start.starts_with("\x89PNG\r\n\x1a\n"sv)) return accepted(VipsFormat::Png);
  if (start.starts_with("RIFF"sv) && start.substr(0, 12).ends_with("WEBP"sv))
    return accepted(VipsFormat::Webp);
  throw DataError("expected a JPEG, PNG or WebP image, found other content");
}

Image decodeAccepted(std::span<const uint8_t> content, VipsFormat format) {
  return format == VipsFormat::Jpeg && hasJpegLibrary() ? decodeJpeg(content) : decodeByVips(content, format);
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
  return naming(name, [&] { return decodeAccepted(content, acceptedFormat(content)); });
}

Region decodeRegion(const std::string& name, std::span<const uint8_t> content,
                    const RequiredWindowOf& requiredOf) {
  return naming(name, [&] {
    const VipsFormat format = acceptedFormat(content);
    return format == VipsFormat::Jpeg && hasJpegLibrary() ? decodeJpegRegion(content, requiredOf)
                                                          : Region::all(decodeAccepted(content, format));
  });
}

void endDecodingThread() { endVipsThread(); }

}  // namespace lt::vision
