#include "vision/codecs/decode-vips.h"

#include <algorithm>
#include <stdexcept>

#include "vision/codecs/color-profile.h"
#include "vision/image/budget.h"
#include "vision/image/interruption.h"
#include "vision/image/orientation.h"
#include "vision/image/pixel-order.h"

namespace lt::vision {
namespace {

[[noreturn]] void fail() { failDecoding(takeVipsError()); }

// One strip of rows, before they become RGB: its memory, and its rows, for each of which libvips may go over
// a list of all before it. Images that fit in one are decoded in one go.
constexpr int64_t kStripBytes = int64_t{4} << 20, kStripRows = 1024;

VipsPtr eightBit(VipsPtr image) {
  if (vips_image_get_format(image.get()) == VIPS_FORMAT_UCHAR) return image;
  VipsImage* converted = nullptr;
  if (vips_colourspace(image.get(), &converted, VIPS_INTERPRETATION_sRGB, nullptr)) fail();
  return VipsPtr(converted);
}

// By its description, which programs write as ASCII or as UTF-16, big-endian.
bool isSrgbProfile(std::span<const uint8_t> profile) {
  using namespace std::string_view_literals;
  const std::string_view text(reinterpret_cast<const char*>(profile.data()), profile.size());
  return text.find("sRGB"sv) != text.npos || text.find("s\0R\0G\0B"sv) != text.npos;
}

VipsPtr copyAs(VipsImage* image, VipsInterpretation colors) {
  VipsImage* copy = nullptr;
  if (vips_copy(image, &copy, "interpretation", colors, nullptr)) fail();
  return VipsPtr(copy);
}

// By the profile that the image came with; as it is where there is none, or none that can be applied. In
// place of a damaged profile, or of one that does not fit, libvips takes one of its own. Of gray and RGB it
// changes nothing; that of CMYK does, so that inks go without their name: its own is of RGB then, and leaves
// the fourth.
VipsPtr inSrgb(VipsPtr image) {
  const void* profile = nullptr;
  size_t size = 0;
  if (!vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME)) return image;
  if (vips_image_get_blob(image.get(), VIPS_META_ICC_NAME, &profile, &size)) fail();
  const std::span<const uint8_t> content(static_cast<const uint8_t*>(profile), size);
  if (isProfileOf(3, content) && isSrgbProfile(content)) return image;
  const bool cmyk = vips_image_get_interpretation(image.get()) == VIPS_INTERPRETATION_CMYK;
  const VipsPtr inks = cmyk ? copyAs(image.get(), VIPS_INTERPRETATION_MULTIBAND) : nullptr;
  VipsImage* converted = nullptr;
  if (vips_icc_transform(cmyk ? inks.get() : image.get(), &converted, "srgb", "embedded", TRUE, "intent",
                         VIPS_INTENT_RELATIVE, nullptr)) {
    vips_error_clear();
    return image;
  }
  VipsPtr result(converted);
  return cmyk && vips_image_get_bands(converted) != Image::kChannels ? std::move(image) : std::move(result);
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
// a small image itself. It goes strip by strip, because libvips' cache of rows takes quadratic time, and much
// memory, for all rows at once.
Image toRgb(VipsImage* source) {
  const int bands = vips_image_get_bands(source);
  const bool cmyk = vips_image_get_interpretation(source) == VIPS_INTERPRETATION_CMYK;
  if (bands < 1 || bands > 4) throw DataError("expected 1 to 4 channels, found " + std::to_string(bands));
  Image image(vips_image_get_height(source), vips_image_get_width(source));
  const std::unique_ptr<VipsRegion, Unref> region(vips_region_new(source));
  if (!region) fail();
  const int64_t rowBytes = int64_t{image.width} * bands;
  const int rows = static_cast<int>(std::clamp<int64_t>(kStripBytes / rowBytes, 16, kStripRows));
  for (int top = 0; top < image.height; top += rows) {
    Interruptible::check();
    const VipsRect strip = {0, top, image.width, std::min(rows, image.height - top)};
    if (vips_region_prepare(region.get(), &strip)) fail();
    for (int y = top; y < top + strip.height; y++)
      toRgb(VIPS_REGION_ADDR(region.get(), 0, y), bands, cmyk, image.width, image.row(y));
  }
  return image;
}

}  // namespace

VipsPtr openByVips(std::span<const uint8_t> content, FileFormat format, VipsFailOn failOn, int shrink) {
  void* data = const_cast<uint8_t*>(content.data());
  const auto access = VIPS_ACCESS_SEQUENTIAL;
  VipsImage* image = nullptr;
  const auto load = [&](auto loader) {
    return loader(data, content.size(), &image, "access", access, "fail_on", failOn, nullptr);
  };
  const auto loaded = [&] {
    switch (format) {
      case FileFormat::Jpeg:
        return vips_jpegload_buffer(data, content.size(), &image, "access", access, "fail_on", failOn,
                                    "shrink", shrink, nullptr);
      case FileFormat::Png:
        return load(vips_pngload_buffer);
      case FileFormat::Webp:
        return load(vips_webpload_buffer);
      case FileFormat::Gif:
        return load(vips_gifload_buffer);
      case FileFormat::Tiff:
        // Of a TIFF that is not whole libtiff's reads fail, which counts as an error.
        if (failOn == VIPS_FAIL_ON_TRUNCATED) failOn = VIPS_FAIL_ON_ERROR;
        return load(vips_tiffload_buffer);
      case FileFormat::Avif:
        return load(vips_heifload_buffer);
      case FileFormat::Bmp:
        break;
    }
    throw std::logic_error("libvips has no decoder of this format");
  };
  if (loaded()) fail();
  return VipsPtr(image);
}

Image decodeByVips(std::span<const uint8_t> content, FileFormat format) {
  startVips();
  return decodeOpened(openByVips(content, format, VIPS_FAIL_ON_TRUNCATED));
}

Image decodeOpened(VipsPtr opened) {
  requireSize(vips_image_get_height(opened.get()), vips_image_get_width(opened.get()));
  const int orientation = vips_image_get_orientation(opened.get());
  Image image = toRgb(eightBit(inSrgb(std::move(opened))).get());
  return upright(std::move(image), orientation);
}

bool isProfileOf(int channels, std::span<const uint8_t> profile) {
  constexpr size_t kColorSpace = 16, kLength = 4;  // ICC.1, 7.2.6
  if (profile.size() < kColorSpace + kLength) return false;
  const std::string_view space(reinterpret_cast<const char*>(profile.data()) + kColorSpace, kLength);
  return space == (channels == 1 ? "GRAY" : channels == 3 ? "RGB " : "CMYK");
}

Image toSrgb(Raster raster, std::span<const uint8_t> profile) {
  if (raster.channels == Image::kChannels && (profile.empty() || isSrgbProfile(profile))) {
    Image image;
    image.height = raster.height;
    image.width = raster.width;
    image.pixels = std::move(raster.pixels);
    return image;
  }
  startVips();
  const VipsInterpretation colors = raster.channels == 1   ? VIPS_INTERPRETATION_B_W
                                    : raster.channels == 3 ? VIPS_INTERPRETATION_sRGB
                                                           : VIPS_INTERPRETATION_CMYK;
  const VipsPtr pixels(vips_image_new_from_memory(raster.pixels.get(), raster.size(), raster.width,
                                                  raster.height, raster.channels, VIPS_FORMAT_UCHAR));
  if (!pixels) fail();
  VipsPtr source = copyAs(pixels.get(), colors);
  vips_image_set_blob_copy(source.get(), VIPS_META_ICC_NAME, profile.data(), profile.size());
  const VipsPtr converted = inSrgb(std::move(source));
  return toRgb(converted.get());
}

void endVipsThread() { vips_thread_shutdown(); }

}  // namespace lt::vision
