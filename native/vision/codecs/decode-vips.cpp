#include "vision/codecs/decode-vips.h"

#include "vision/image/pixel-order.h"

namespace lt::vision {
namespace {

[[noreturn]] void fail() { failDecoding(takeVipsError()); }

// Reads the header only.
VipsPtr openImage(std::span<const uint8_t> content, VipsFormat format) {
  const auto load = format == VipsFormat::Jpeg  ? vips_jpegload_buffer
                    : format == VipsFormat::Png ? vips_pngload_buffer
                                                : vips_webpload_buffer;
  VipsImage* image = nullptr;
  void* data = const_cast<uint8_t*>(content.data());
  if (load(data, content.size(), &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_TRUNCATED,
           nullptr))
    fail();
  return VipsPtr(image);
}

VipsPtr upright(VipsPtr image) {
  if (vips_image_get_orientation(image.get()) == 1) return image;
  // Turning reads in another order than the file's, which takes all pixels in memory.
  VipsPtr memory(vips_image_copy_memory(image.get()));
  VipsImage* turned = nullptr;
  if (!memory || vips_autorot(memory.get(), &turned, nullptr)) fail();
  return VipsPtr(turned);
}

VipsPtr eightBit(VipsPtr image) {
  if (vips_image_get_format(image.get()) == VIPS_FORMAT_UCHAR) return image;
  VipsImage* converted = nullptr;
  if (vips_colourspace(image.get(), &converted, VIPS_INTERPRETATION_sRGB, nullptr)) fail();
  return VipsPtr(converted);
}

// One row. 1 band: gray, 2: gray and alpha, 3: RGB, 4: RGB and alpha, or CMYK.
void toRgb(const uint8_t* from, int bands, bool cmyk, int width, uint8_t* to) {
  if (cmyk) return cmykToRgb(from, width, to);
  for (int x = 0; x < width; x++, from += bands, to += 3) {
    if (bands < 3) {
      to[0] = to[1] = to[2] = from[0];
    } else {
      std::memcpy(to, from, 3);
    }
  }
}

// Decodes in the calling thread: libvips' own way to memory wakes a thread of its pool, which costs more than
// a small image itself.
Image toRgb(VipsImage* source) {
  const int bands = vips_image_get_bands(source);
  const bool cmyk = vips_image_get_interpretation(source) == VIPS_INTERPRETATION_CMYK;
  if (bands < 1 || bands > 4) throw DataError("expected 1 to 4 channels, found " + std::to_string(bands));
  Image image(vips_image_get_height(source), vips_image_get_width(source));
  const std::unique_ptr<VipsRegion, Unref> region(vips_region_new(source));
  const VipsRect everything = {0, 0, image.width, image.height};
  if (!region || vips_region_prepare(region.get(), &everything)) fail();
  for (int y = 0; y < image.height; y++) {
    toRgb(VIPS_REGION_ADDR(region.get(), 0, y), bands, cmyk, image.width, image.row(y));
  }
  return image;
}

}  // namespace

Image decodeByVips(std::span<const uint8_t> content, VipsFormat format) {
  startVips();
  VipsPtr source = openImage(content, format);
  requireSize(vips_image_get_height(source.get()), vips_image_get_width(source.get()));
  return decodeOpened(std::move(source));
}

Image decodeOpened(VipsPtr opened) { return toRgb(eightBit(upright(std::move(opened))).get()); }

void endVipsThread() { vips_thread_shutdown(); }

}  // namespace lt::vision
