// JavaScript's side of decoding and transforming images: converts, calls, wraps.

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <sys/mman.h>

#include <cerrno>

#include "common/addon.h"
#include "common/parallel-for.h"
#include "common/tensors.h"
#include "vision/bindings/conversions.h"
#include "vision/bindings/image-job.h"
#include "vision/bindings/prepare.h"
#include "vision/codecs/decode.h"
#include "vision/codecs/jpeg.h"
#include "vision/image/budget.h"
#include "vision/sources/read.h"

namespace lt::vision {
namespace {

// ---- Conversions
// uint8 [H, W, 3]
at::Tensor toTensorHwc(const Image& image) {
  auto tensor =
      at::empty({image.height, image.width, Image::kChannels}, at::TensorOptions().dtype(at::kByte));
  std::memcpy(tensor.mutable_data_ptr<uint8_t>(), image.pixels.get(), image.size());
  return tensor;
}

Image toImage(const at::Tensor& tensor) {
  if (tensor.dim() != 3 || tensor.size(2) != Image::kChannels || tensor.scalar_type() != at::kByte ||
      !tensor.is_contiguous()) {
    throw JsError("TYPE", "expected an image, uint8 [height, width, 3]");
  }
  Image image(static_cast<int>(tensor.size(0)), static_cast<int>(tensor.size(1)));
  std::memcpy(image.pixels.get(), tensor.const_data_ptr<uint8_t>(), image.size());
  return image;
}

// ---- Exports
// decodeImage(path) → uint8 [H, W, 3]
napi_value decodeImage(napi_env env, size_t, napi_value* argv) {
  const std::string path = toStr(env, argv[0]);
  const MemoryTurn turn;
  return fromTensor(env, withDataErrors([&] { return toTensorHwc(decodeBytes(path, readFile(path))); }));
}

// [{ pixels uint8 [H, W, 3], height, width }]
napi_value toJs(napi_env env, const std::vector<Image>& images) {
  const napi_value list = array(env, images.size());
  for (uint32_t i = 0; i < images.size(); i++) {
    const napi_value item = object(env);
    set(env, item, "pixels", fromBytes(env, {images[i].pixels.get(), images[i].size()}));
    set(env, item, "height", num(env, images[i].height));
    set(env, item, "width", num(env, images[i].width));
    set(env, list, i, item);
  }
  return list;
}

// decodeImages(pixels, transforms, threads) → [{ pixels uint8 [H, W, 3], height, width }]. The transforms
// draw nothing.
napi_value decodeImages(napi_env env, size_t, napi_value* argv) {
  const auto [source, borrowed] = toSource(env, argv[0]);
  const Pipeline pipeline = toPipeline(env, argv[1]);
  std::vector<Image> images(source->size());
  withDataErrors([&] {
    parallelFor(
        images.size(), static_cast<int>(toInt(env, argv[2])),
        [&](size_t i) { images[i] = makeImage(*source, i, pipeline); }, endDecodingThread);
  });
  return toJs(env, images);
}

ImageJobs<Image> jobs("the decoding");

// startDecoding(pixels, transforms, threads) → id: decodeImages on threads of its own
napi_value startDecoding(napi_env env, size_t, napi_value* argv) {
  const auto pipeline = std::make_shared<const Pipeline>(toPipeline(env, argv[1]));
  return jobs.start(
      env, toSource(env, argv[0]), static_cast<int>(toInt(env, argv[2])),
      [pipeline](const Source& source, size_t index) { return makeImage(source, index, *pipeline); });
}

// awaitDecoding(id, milliseconds) → what decodeImages gives; undefined when they are not done after that time
napi_value awaitDecoding(napi_env env, size_t, napi_value* argv) {
  const auto* images = jobs.await(toInt(env, argv[0]), toInt(env, argv[1]));
  return images ? toJs(env, *images) : undefined(env);
}

// closeDecoding(id): ends the images in work.
napi_value closeDecoding(napi_env env, size_t, napi_value* argv) {
  jobs.close(env, toInt(env, argv[0]));
  return undefined(env);
}

// memoryFile() → the number of an open file that lies in memory and has no name; it ends with its last use.
napi_value memoryFile(napi_env env, size_t, napi_value*) {
  const int file = ::memfd_create("longtail images", MFD_CLOEXEC);
  if (file < 0) throw JsError("DATA", std::string("no file in memory: ") + std::strerror(errno));
  return num(env, file);
}

// jpegLibrary() → its name and version
napi_value jpegLibraryName(napi_env env, size_t, napi_value*) {
  return str(env, hasJpegLibrary() ? jpegLibraryVersion() : "libvips");
}

// transformImage(image uint8 [H, W, 3], transforms, { seed, epoch, image, view }) → uint8 [H, W, 3]
napi_value transformImage(napi_env env, size_t, napi_value* argv) {
  Image image = toImage(toTensor(env, argv[0]));
  const Pipeline pipeline = toPipeline(env, argv[1]);
  const auto word = [&](const char* key) { return toInt(env, property(env, argv[2], key)); };
  Philox random = randomOf(static_cast<uint64_t>(word("seed")), static_cast<uint32_t>(word("epoch")),
                           {static_cast<uint32_t>(word("image")), 0}, static_cast<uint32_t>(word("view")));
  image = withDataErrors([&] { return pipeline.apply(Region::all(std::move(image)), random); });
  return fromTensor(env, toTensorHwc(image));
}

// drawTransform(transform, { height, width, seed, epoch, view, images }) → float64 [images, numbers]: what
// the transform draws for images 0, 1, … of this size
napi_value drawTransform(napi_env env, size_t, napi_value* argv) {
  const TransformPtr transform = toTransform(env, argv[0]);
  const auto get = [&](const char* key) { return toInt(env, property(env, argv[1], key)); };
  const auto height = static_cast<int>(get("height")), width = static_cast<int>(get("width"));
  std::vector<double> all;
  for (uint32_t image = 0; image < get("images"); image++) {
    Philox random = randomOf(static_cast<uint64_t>(get("seed")), static_cast<uint32_t>(get("epoch")),
                             {image, 0}, static_cast<uint32_t>(get("view")));
    const auto numbers = transform->drawn(height, width, random);
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  return fromTensor(env, at::tensor(all, at::kDouble).view({get("images"), -1}));
}

}  // namespace

void initImages(napi_env env, napi_value exports) {
  def<decodeImage, 1>(env, exports, "decodeImage");
  def<decodeImages, 3>(env, exports, "decodeImages");
  def<startDecoding, 3>(env, exports, "startDecoding");
  def<awaitDecoding, 2>(env, exports, "awaitDecoding");
  def<closeDecoding, 1>(env, exports, "closeDecoding");
  def<memoryFile, 0>(env, exports, "memoryFile");
  def<jpegLibraryName, 0>(env, exports, "jpegLibrary");
  def<transformImage, 3>(env, exports, "transformImage");
  def<drawTransform, 2>(env, exports, "drawTransform");
}

}  // namespace lt::vision
