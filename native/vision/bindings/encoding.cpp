// JavaScript's side of encoding images; vision.node has it too.

#include "common/addon.h"
#include "common/napi.h"
#include "common/parallel-for.h"
#include "vision/bindings/conversions.h"
#include "vision/codecs/decode.h"
#include "vision/codecs/encode.h"

namespace lt::vision {
namespace {

// encodeImages([{ pixels uint8 [H, W, 3], height, width }], format, quality, threads) → Buffers
napi_value encodeImages(napi_env env, size_t, napi_value* argv) {
  std::vector<PixelsView> images;  // JavaScript's own memory: it waits until all are encoded
  for (uint32_t i = 0; i < length(env, argv[0]); i++) {
    const napi_value item = element(env, argv[0], i);
    const auto height = static_cast<int>(toInt(env, property(env, item, "height")));
    const auto width = static_cast<int>(toInt(env, property(env, item, "width")));
    const Bytes pixels = bytes(env, property(env, item, "pixels"));
    const size_t expected = size_t(Image::kChannels) * height * width;
    if (height < 1 || width < 1 || pixels.size != expected)
      throw JsError(
          "TYPE", "expected " + std::to_string(expected) + " bytes, received " + std::to_string(pixels.size));
    images.push_back({pixels.data, height, width});
  }
  const auto format = toStr(env, argv[1]) == "png" ? ImageFormat::Png : ImageFormat::Jpeg;
  const auto quality = static_cast<int>(toInt(env, argv[2]));
  std::vector<std::vector<uint8_t>> files(images.size());
  parallelFor(
      files.size(), static_cast<int>(toInt(env, argv[3])),
      [&](size_t i) { files[i] = encodeImage(images[i], format, quality); }, endDecodingThread);
  const napi_value list = array(env, files.size());
  for (uint32_t i = 0; i < files.size(); i++) set(env, list, i, fromBytes(env, files[i]));
  return list;
}

}  // namespace

void initEncoding(napi_env env, napi_value exports) { def<encodeImages, 4>(env, exports, "encodeImages"); }

}  // namespace lt::vision
