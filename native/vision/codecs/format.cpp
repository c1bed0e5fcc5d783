#include "vision/codecs/format.h"

#include "vision/image/image.h"

namespace lt::vision {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::string_view name;
  size_t offset;
  std::string_view bytes;
  std::optional<FileFormat> format;
};

constexpr Signature kSignatures[] = {
    {"jpeg", 0, "\xff\xd8\xff"sv, FileFormat::Jpeg},
    {"png", 0, "\x89PNG\r\n\x1a\n"sv, FileFormat::Png},
    {"webp", 8, "WEBP"sv, FileFormat::Webp},
    {"gif", 0, "GIF87a"sv, FileFormat::Gif},
    {"gif", 0, "GIF89a"sv, FileFormat::Gif},
    {"tiff", 0, "II*\0"sv, FileFormat::Tiff},
    {"tiff", 0, "MM\0*"sv, FileFormat::Tiff},
    {"tiff", 0, "II+\0"sv, FileFormat::Tiff},  // BigTIFF
    {"tiff", 0, "MM\0+"sv, FileFormat::Tiff},
    {"avif", 4, "ftypavif"sv, FileFormat::Avif},
    {"avif", 4, "ftypavis"sv, FileFormat::Avif},
    {"bmp", 0, "BM"sv, FileFormat::Bmp},
    {"heic", 4, "ftyphei"sv, {}},
    {"heic", 4, "ftyphev"sv, {}},
    {"heic", 4, "ftypmif1"sv, {}},
    {"heic", 4, "ftypmsf1"sv, {}},
    {"svg", 0, "<svg"sv, {}},
    {"html", 0, "<!DOCTYPE"sv, {}},
    {"html", 0, "<html"sv, {}},
    {"jpeg2000", 0, "\0\0\0\x0cjP  "sv, {}},
    {"jpegxl", 0, "\xff\x0a"sv, {}},
};

// Of a BMP two letters alone would be taken for one in any text: its reserved bytes are zero as well.
bool isBmp(std::string_view text) { return text.substr(6, 4) == "\0\0\0\0"sv; }

const Signature* signatureOf(std::span<const uint8_t> content) {
  const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
  for (const Signature& known : kSignatures) {
    if (text.size() < known.offset + known.bytes.size()) continue;
    if (text.substr(known.offset, known.bytes.size()) != known.bytes) continue;
    if (known.format == FileFormat::Bmp && (text.size() < 10 || !isBmp(text))) continue;
    if (known.format == FileFormat::Webp && !text.starts_with("RIFF"sv)) continue;
    return &known;
  }
  return nullptr;
}

}  // namespace

std::string formatName(std::span<const uint8_t> content) {
  const Signature* known = signatureOf(content);
  return known ? std::string(known->name) : "";
}

std::optional<FileFormat> formatOf(std::span<const uint8_t> content) {
  const Signature* known = signatureOf(content);
  return known ? known->format : std::nullopt;
}

FileFormat requireFormat(std::span<const uint8_t> content) {
  if (content.empty()) throw DataError("the file is empty");
  if (const auto format = formatOf(content)) return *format;
  const std::string name = formatName(content);
  // Those that can be decoded are JPEGs by now: see src/data/heic.ts.
  if (name == "heic") throw DataError("cannot be decoded, the HEIC file is damaged or truncated");
  throw DataError("expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found " +
                  (name.empty() ? "other content" : name));
}

}  // namespace lt::vision
