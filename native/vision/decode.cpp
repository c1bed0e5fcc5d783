#include "vision/decode.h"

#include <string_view>

#include "vision/decoder.h"
#include "vision/read.h"

namespace lt {
namespace {

[[noreturn]] void failByVips() { failDecoding(takeVipsError()); }

// Opens by content, not by name: photographs with a wrong extension are common. Reads the header only.
VipsPtr openImage(std::span<const uint8_t> content) {
  using namespace std::string_view_literals;
  void* data = const_cast<uint8_t*>(content.data());
  const std::string_view start(reinterpret_cast<const char*>(content.data()), content.size());
  const auto load = start.starts_with("\xff\xd8\xff"sv)                                  ? vips_jpegload_buffer
                    : start.starts_with("\x89PNG\r\n\x1a\n"sv)                           ? vips_pngload_buffer
                    : start.starts_with("RIFF"sv) && start.substr(0, 12).ends_with("WEBP"sv) ? vips_webpload_buffer
                                                                                         : nullptr;
  if (content.empty()) throw DataError("the file is empty");
  if (!load) throw DataError("expected a JPEG, PNG or WebP image, found other content");
  VipsImage* image = nullptr;
  if (load(data, content.size(), &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_TRUNCATED, nullptr))
    failByVips();
  return VipsPtr(image);
}

VipsPtr upright(VipsPtr image) {
  if (vips_image_get_orientation(image.get()) == 1) return image;
  // Turning reads in another order than the file's: needs all pixels in memory.
  VipsPtr memory(vips_image_copy_memory(image.get()));
  VipsImage* turned = nullptr;
  if (!memory || vips_autorot(memory.get(), &turned, nullptr)) failByVips();
  return VipsPtr(turned);
}

VipsPtr eightBit(VipsPtr image) {
  if (vips_image_get_format(image.get()) == VIPS_FORMAT_UCHAR) return image;
  VipsImage* converted = nullptr;
  if (vips_colourspace(image.get(), &converted, VIPS_INTERPRETATION_sRGB, nullptr)) failByVips();
  return VipsPtr(converted);
}

// x · y / 255, rounded, for bytes.
uint8_t multiply(int x, int y) { return static_cast<uint8_t>((x * y + 127) / 255); }

// One row. 1 band: grey, 2: grey and alpha, 3: RGB, 4: RGB and alpha, or CMYK.
void toRgb(const uint8_t* from, int bands, bool cmyk, int width, uint8_t* to) {
  for (int x = 0; x < width; x++, from += bands, to += 3) {
    if (bands < 3) {
      to[0] = to[1] = to[2] = from[0];
    } else if (cmyk) {
      for (int c = 0; c < 3; c++) to[c] = multiply(255 - from[c], 255 - from[3]);
    } else {
      std::memcpy(to, from, 3);
    }
  }
}

// Decodes in the calling thread: libvips' own way to memory wakes a thread of its pool, which costs more than a small
// image itself.
Image toRgb(VipsImage* source) {
  const int bands = vips_image_get_bands(source);
  const bool cmyk = vips_image_get_interpretation(source) == VIPS_INTERPRETATION_CMYK;
  if (bands < 1 || bands > 4) throw DataError("expected 1 to 4 channels, found " + std::to_string(bands));
  Image image(vips_image_get_height(source), vips_image_get_width(source));
  const std::unique_ptr<VipsRegion, Unref> region(vips_region_new(source));
  const VipsRect everything = {0, 0, image.width, image.height};
  if (!region || vips_region_prepare(region.get(), &everything)) failByVips();
  for (int y = 0; y < image.height; y++) {
    toRgb(VIPS_REGION_ADDR(region.get(), 0, y), bands, cmyk, image.width, image.row(y));
  }
  return image;
}

}  // namespace

Image decodeFile(const std::string& path) { return decodeBytes(path, readFile(path)); }

Image decodeBytes(const std::string& name, std::span<const uint8_t> content) {
  startVips();
  try {
    VipsPtr opened = openImage(content);
    requireSize(vips_image_get_height(opened.get()), vips_image_get_width(opened.get()));
    return decodeOpened(std::move(opened));
  } catch (const DataError& error) {
    throw DataError(name + ": " + error.what());
  }
}

Image decodeOpened(VipsPtr opened) { return toRgb(eightBit(upright(std::move(opened))).get()); }

void endDecodingThread() { vips_thread_shutdown(); }

}  // namespace lt
