#include "vision/inspection/inspect.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "vision/codecs/bmp.h"
#include "vision/codecs/declared.h"
#include "vision/codecs/decode-vips.h"
#include "vision/codecs/encode.h"
#include "vision/codecs/vips.h"
#include "vision/image/budget.h"
#include "vision/image/resample.h"

namespace lt::vision {
namespace {

using namespace std::string_view_literals;
using Bytes = std::span<const uint8_t>;

// A JPEG's decoder halves the image as long as this is left: twice what the fingerprint needs.
constexpr int kMinSide = 64;

std::string_view view(Bytes content) {
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

// Whether the mark that ends a file of this format is missing, which distinguishes a truncated file from a
// damaged one.
bool lacksEnd(const std::string& format, Bytes content) {
  const auto text = view(content);
  if (format == "jpeg")
    return text.find("\xff\xd9"sv, text.size() - std::min<size_t>(text.size(), 1024)) == text.npos;
  if (format == "png")
    return text.find("IEND"sv, text.size() - std::min<size_t>(text.size(), 1024)) == text.npos;
  if (format == "webp") {
    if (text.size() < 8) return true;
    const auto byte = [&](int i) { return static_cast<uint64_t>(content[4 + i]) << 8 * i; };
    return text.size() < 8 + (byte(0) | byte(1) | byte(2) | byte(3));
  }
  return false;  // the others have none
}

// The largest reduction a JPEG decoder has that leaves `minSide` pixels on the shorter side.
int shrinkFor(const Inspection& found, int minSide) {
  int shrink = 8;
  while (shrink > 1 && std::min(found.width, found.height) < minSide * shrink) shrink /= 2;
  return shrink;
}

std::string colorOf(const VipsImage* image) {
  const VipsInterpretation colors = vips_image_get_interpretation(image);
  if (colors == VIPS_INTERPRETATION_CMYK) return "cmyk";
  return vips_image_get_bands(image) < 3 ? "gray" : "rgb";
}

void describe(VipsImage* image, Inspection& found) {
  found.width = vips_image_get_width(image);
  found.height = vips_image_get_height(image);
  found.bits = static_cast<int>(8 * vips_format_sizeof(vips_image_get_format(image)));
  found.color = colorOf(image);
  found.alpha = vips_image_hasalpha(image);
  found.orientation = vips_image_get_orientation(image);
}

void describeBmp(Inspection& found) {
  found.bits = 8;
  found.color = "rgb";
}

// `shrink`, of a JPEG alone.
Image decodeFully(Bytes content, VipsFailOn failOn, int shrink) {
  const FileFormat format = requireFormat(content);
  if (format == FileFormat::Bmp) return decodeBmp(content);
  return decodeOpened(openByVips(content, format, failOn, shrink));
}

void readHeader(Bytes content, Inspection& found) {
  const FileFormat format = requireFormat(content);
  const Declared declared = declaredBy(content, format);
  found.width = declared.width;
  found.height = declared.height;
  found.huge = true;
  requireBudget(declared);
  found.huge = false;
  requireFileSize(declared, content.size());
  if (format == FileFormat::Bmp) return describeBmp(found);
  describe(openByVips(content, format, VIPS_FAIL_ON_NONE).get(), found);
}

void fingerprint(const Image& image, Inspection& found) {
  const uint64_t size = static_cast<uint64_t>(found.height) << 32 | static_cast<uint64_t>(found.width);
  found.pixelHash = hashOf({image.pixels.get(), image.size()}, size);
  found.fingerprint = fingerprintOf(image);
}

// Returns the library's own account in a message of failDecoding.
std::string reasonIn(const std::string& message) {
  const size_t begin = message.find('('), end = message.rfind(')');
  return begin == message.npos || end == message.npos ? message : message.substr(begin + 1, end - begin - 1);
}

// JPEG decoders warn of damage that they can pass over, as training does; those of the other formats warn of
// harmless things such as color profiles.
void decode(Bytes content, Inspection& found) {
  const auto read = [&](VipsFailOn failOn) {
    fingerprint(decodeFully(content, failOn, shrinkFor(found, kMinSide)), found);
  };
  if (found.format != "jpeg") return read(VIPS_FAIL_ON_TRUNCATED);
  try {
    read(VIPS_FAIL_ON_WARNING);
  } catch (const DataError& complaint) {
    read(VIPS_FAIL_ON_TRUNCATED);
    found.warning = reasonIn(complaint.what());
  }
}

void inspectContent(Bytes content, Inspection& found, Depth depth) {
  found.bytes = content.size();
  found.format = formatName(content);
  readHeader(content, found);
  if (depth == Depth::Header) return;
  found.fileHash = hashOf(content);
  decode(content, found);
}

void inspectPixels(const Image& image, Inspection& found, Depth depth) {
  found.bytes = image.size();
  found.format = "pixels";
  found.width = image.width;
  found.height = image.height;
  found.bits = 8;
  found.color = "rgb";
  if (depth == Depth::Header) return;
  fingerprint(image, found);
  found.fileHash = found.pixelHash;
}

Image fitted(Image image, int side) {
  const double factor = static_cast<double>(side) / std::max(image.width, image.height);
  if (factor >= 1) return image;
  const auto scaled = [&](int length) { return std::max(1, static_cast<int>(std::lround(length * factor))); };
  return resample(image, scaled(image.height), scaled(image.width));
}

// Decodes as much of the image as can be decoded; a GIF only whole: libvips begins a damaged one anew for
// each row.
Image salvage(Bytes content, int side) {
  const bool isGif = formatOf(content) == FileFormat::Gif;
  Inspection found;
  found.format = formatName(content);
  readHeader(content, found);
  return decodeFully(content, isGif ? VIPS_FAIL_ON_ERROR : VIPS_FAIL_ON_NONE, shrinkFor(found, side));
}

}  // namespace

Inspection inspect(const Source& source, size_t index, Depth depth) {
  startVips();
  const MemoryTurn turn;
  Inspection found;
  try {
    if (const auto file = source.file(index)) {
      try {
        inspectContent(file->bytes(), found, depth);
      } catch (const DataError& error) {
        found.error = error.what();
        found.truncated = formatOf(file->bytes()) && !found.huge && lacksEnd(found.format, file->bytes());
      }
    } else {
      inspectPixels(source.load(index), found, depth);
    }
  } catch (const DataError& error) {
    found.error = error.what();
  }
  return found;
}

std::vector<uint8_t> thumbnailOf(const Source& source, size_t index, int side) {
  constexpr int kQuality = 80;
  startVips();
  const MemoryTurn turn;
  try {
    const auto file = source.file(index);
    Image image = file ? salvage(file->bytes(), side) : source.load(index);
    const Image small = fitted(std::move(image), side);
    return encodeImage({small.pixels.get(), small.height, small.width}, ImageFormat::Jpeg, kQuality);
  } catch (const DataError&) {
    return {};
  }
}

}  // namespace lt::vision
