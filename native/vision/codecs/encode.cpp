#include "vision/codecs/encode.h"

#include <stdexcept>

#include "vision/codecs/vips.h"

namespace lt::vision {

namespace {

// Beyond it a JPEG has libjpeg's own Huffman tables: those of the image take 6 bytes a pixel to find.
constexpr size_t kMaxOptimizedPixels = size_t{1} << 24;

}  // namespace

std::vector<uint8_t> encodeImage(const PixelsView& image, ImageFormat format, int quality) {
  startVips();
  const size_t pixels = size_t(image.height) * image.width;
  const VipsPtr borrowed(vips_image_new_from_memory(image.rgb, pixels * Image::kChannels, image.width,
                                                    image.height, Image::kChannels, VIPS_FORMAT_UCHAR));
  VipsImage* rgb = nullptr;
  void* data = nullptr;
  size_t size = 0;
  bool failed =
      !borrowed || vips_copy(borrowed.get(), &rgb, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  const VipsPtr source(rgb);
  if (!failed) {
    const gboolean optimized = pixels <= kMaxOptimizedPixels;
    failed = format == ImageFormat::Png ? vips_pngsave_buffer(rgb, &data, &size, nullptr)
                                        : vips_jpegsave_buffer(rgb, &data, &size, "Q", quality,
                                                               "optimize_coding", optimized, nullptr);
  }
  if (failed) throw std::runtime_error("cannot encode an image: " + takeVipsError());
  const std::unique_ptr<void, decltype(&g_free)> owned(data, &g_free);
  const auto* bytes = static_cast<const uint8_t*>(data);
  return {bytes, bytes + size};
}

}  // namespace lt::vision
