#include "vision/codecs/decode.h"

#include "vision/codecs/bmp.h"
#include "vision/codecs/declared.h"
#include "vision/codecs/decode-vips.h"
#include "vision/codecs/jpeg.h"

namespace lt::vision {
namespace {

// Goes by content, not by name. Holds the header against the budget.
FileFormat acceptedFormat(std::span<const uint8_t> content) {
  const FileFormat format = requireFormat(content);
  const Declared declared = declaredBy(content, format);
  requireBudget(declared);
  requireFileSize(declared, content.size());
  return format;
}

Image decodeAccepted(std::span<const uint8_t> content, FileFormat format) {
  if (format == FileFormat::Bmp) return decodeBmp(content);
  return format == FileFormat::Jpeg && hasJpegLibrary() ? decodeJpeg(content) : decodeByVips(content, format);
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
    const FileFormat format = acceptedFormat(content);
    return format == FileFormat::Jpeg && hasJpegLibrary() ? decodeJpegRegion(content, requiredOf)
                                                          : Region::all(decodeAccepted(content, format));
  });
}

void endDecodingThread() { endVipsThread(); }

}  // namespace lt::vision
