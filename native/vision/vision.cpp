// JavaScript's side of native/vision: converts, calls, wraps.
#include "vision/vision.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <map>
#include <memory>
#include <mutex>

#include "common/napi.h"
#include "vision/decode.h"
#include "vision/encode.h"
#include "vision/in-parallel.h"
#include "vision/normalize.h"
#include "vision/pixels.h"
#include "vision/jpeg.h"
#include "vision/producer.h"

namespace lt {
namespace {

// ---- Producers by environment: one that JavaScript did not close ends with its environment (a worker that is
// terminated), or with the process (process.exit and uncaught errors run no hook).
struct Entry {
  std::unique_ptr<Producer> producer;
  std::vector<napi_ref> borrowed;  // arrays whose memory it reads
};

class Producers {
 public:
  ~Producers() = default;  // at the process's end: the producers stop their threads

  int64_t add(napi_env env, Entry entry) {
    std::lock_guard<std::mutex> lock(mutex_);
    entries_[env].emplace(++last_, std::move(entry));
    return last_;
  }

  Producer& get(napi_env env, int64_t id) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto& mine = entries_[env];
    const auto found = mine.find(id);
    if (found == mine.end()) throw JsError("NATIVE", "the loader was closed");
    return *found->second.producer;
  }

  Entry remove(napi_env env, int64_t id) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto& mine = entries_[env];
    const auto found = mine.find(id);
    if (found == mine.end()) return {nullptr, {}};
    Entry entry = std::move(found->second);
    mine.erase(found);
    return entry;
  }

  void removeAll(napi_env env) {
    std::map<int64_t, Entry> mine;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      mine.swap(entries_[env]);
      entries_.erase(env);
    }
  }

 private:
  std::mutex mutex_;
  std::map<napi_env, std::map<int64_t, Entry>> entries_;
  int64_t last_ = 0;
};

Producers producers;

void onEnvironmentEnd(void* env) { producers.removeAll(static_cast<napi_env>(env)); }

// ---- Conversions
class JsOptions : public Options {
 public:
  JsOptions(napi_env env, napi_value object) : env_(env), object_(object) {}
  double number(const char* key) const override { return toDouble(env_, value(key)); }
  std::vector<double> numbers(const char* key) const override {
    bool isList = false;
    napi_is_array(env_, value(key), &isList);
    return isList ? toDoubles(env_, value(key)) : std::vector<double>{number(key)};
  }
  std::string text(const char* key) const override { return toStr(env_, value(key)); }
  bool flag(const char* key) const override { return toBool(env_, value(key)); }

 private:
  napi_value value(const char* key) const { return property(env_, object_, key); }

  napi_env env_;
  napi_value object_;
};

TransformPtr toTransform(napi_env env, napi_value spec) {
  return makeTransform(toStr(env, property(env, spec, "kind")), JsOptions(env, spec));
}

Pipeline toPipeline(napi_env env, napi_value list) {
  Pipeline pipeline;
  for (uint32_t i = 0; i < length(env, list); i++) pipeline.add(toTransform(env, element(env, list, i)));
  return pipeline;
}

std::vector<Pipeline> toPipelines(napi_env env, napi_value list) {
  std::vector<Pipeline> pipelines;
  for (uint32_t i = 0; i < length(env, list); i++) pipelines.push_back(toPipeline(env, element(env, list, i)));
  return pipelines;
}

// uint8 [H, W, 3]
at::Tensor toTensorHwc(const Image& image) {
  auto tensor = at::empty({image.height, image.width, Image::channels}, at::TensorOptions().dtype(at::kByte));
  std::memcpy(tensor.mutable_data_ptr<uint8_t>(), image.pixels.get(), image.size());
  return tensor;
}

Image toImage(const at::Tensor& tensor) {
  if (tensor.dim() != 3 || tensor.size(2) != Image::channels || tensor.scalar_type() != at::kByte || !tensor.is_contiguous()) {
    throw JsError("TYPE", "expected an image, uint8 [height, width, 3]");
  }
  Image image(static_cast<int>(tensor.size(0)), static_cast<int>(tensor.size(1)));
  std::memcpy(image.pixels.get(), tensor.const_data_ptr<uint8_t>(), image.size());
  return image;
}

template <class Call>
auto withDataErrors(Call call) {
  try {
    return call();
  } catch (const DataError& error) {
    throw JsError("DATA", error.what());
  }
}

// ---- Exports
// decodeImage(path) → uint8 [H, W, 3]
napi_value decodeImage(napi_env env, size_t, napi_value* argv) {
  const std::string path = toStr(env, argv[0]);
  return fromTensor(env, withDataErrors([&] { return toTensorHwc(decodeFile(path)); }));
}

// encodeImages([{ pixels uint8 [H, W, 3], height, width }], format, quality, threads) → Buffers
napi_value encodeImages(napi_env env, size_t, napi_value* argv) {
  std::vector<Image> images;
  for (uint32_t i = 0; i < length(env, argv[0]); i++) {
    const napi_value item = element(env, argv[0], i);
    Image image(static_cast<int>(toInt(env, property(env, item, "height"))), static_cast<int>(toInt(env, property(env, item, "width"))));
    const Bytes pixels = bytes(env, property(env, item, "pixels"));
    if (pixels.size != image.size()) throw JsError("TYPE", "expected " + std::to_string(image.size()) + " bytes, received " + std::to_string(pixels.size));
    std::memcpy(image.pixels.get(), pixels.data, pixels.size);
    images.push_back(std::move(image));
  }
  const auto format = toStr(env, argv[1]) == "png" ? ImageFormat::png : ImageFormat::jpeg;
  const auto files = lt::encodeImages(images, format, static_cast<int>(toInt(env, argv[2])), static_cast<int>(toInt(env, argv[3])));
  const napi_value list = array(env, files.size());
  for (uint32_t i = 0; i < files.size(); i++) {
    napi_value buffer;
    check(env, napi_create_buffer_copy(env, files[i].size(), files[i].data(), nullptr, &buffer), "napi_create_buffer_copy");
    set(env, list, i, buffer);
  }
  return list;
}

// jpegLibrary() → its name and version
napi_value jpegLibraryName(napi_env env, size_t, napi_value*) { return str(env, hasJpegLibrary() ? jpegLibraryVersion() : "libvips"); }

// transformImage(image uint8 [H, W, 3], transforms, { seed, epoch, image, view }) → uint8 [H, W, 3]
napi_value transformImage(napi_env env, size_t, napi_value* argv) {
  Image image = toImage(toTensor(env, argv[0]));
  const Pipeline pipeline = toPipeline(env, argv[1]);
  const auto word = [&](const char* key) { return toInt(env, property(env, argv[2], key)); };
  Philox random = randomOf(static_cast<uint64_t>(word("seed")), static_cast<uint32_t>(word("epoch")),
                           {static_cast<uint32_t>(word("image")), 0}, static_cast<uint32_t>(word("view")));
  image = withDataErrors([&] { return pipeline.apply(Part::all(std::move(image)), random); });
  return fromTensor(env, toTensorHwc(image));
}

// drawTransform(transform, { height, width, seed, epoch, view, images }) → float64 [images, numbers]: what the transform draws
// for images 0, 1, … of this size
napi_value drawTransform(napi_env env, size_t, napi_value* argv) {
  const TransformPtr transform = toTransform(env, argv[0]);
  const auto get = [&](const char* key) { return toInt(env, property(env, argv[1], key)); };
  const auto height = static_cast<int>(get("height")), width = static_cast<int>(get("width"));
  std::vector<double> all;
  for (uint32_t image = 0; image < get("images"); image++) {
    Philox random = randomOf(static_cast<uint64_t>(get("seed")), static_cast<uint32_t>(get("epoch")), {image, 0}, static_cast<uint32_t>(get("view")));
    const auto numbers = transform->drawn(height, width, random);
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  return fromTensor(env, at::tensor(all, at::kDouble).view({get("images"), -1}));
}

// openProducer({ pixels, views: transforms[], size, seed, threads, ahead }) → id
napi_value openProducer(napi_env env, size_t, napi_value* argv) {
  const auto get = [&](const char* key) { return property(env, argv[0], key); };
  auto [source, borrowed] = toSource(env, get("pixels"));
  Producer::Settings settings{std::move(source),
                              toPipelines(env, get("views")),
                              static_cast<int>(toInt(env, get("size"))),
                              static_cast<uint64_t>(toInt(env, get("seed"))),
                              static_cast<int>(toInt(env, get("threads"))),
                              static_cast<size_t>(toInt(env, get("ahead")))};
  Entry entry{std::make_unique<Producer>(std::move(settings)), {}};
  for (const napi_value array : borrowed) {
    check(env, napi_create_reference(env, array, 1, &entry.borrowed.emplace_back()), "napi_create_reference");
  }
  return num(env, static_cast<double>(producers.add(env, std::move(entry))));
}

// Two Int32Arrays of the same length: images, and how often each was drawn before.
std::vector<ImageDraw> toDraws(napi_env env, napi_value images, napi_value counts) {
  const Bytes image = bytes(env, images), count = bytes(env, counts);
  if (image.size != count.size) throw JsError("TYPE", "expected as many counts as images");
  std::vector<ImageDraw> draws(image.size / sizeof(uint32_t));
  for (size_t i = 0; i < draws.size(); i++) {
    draws[i] = {static_cast<const uint32_t*>(image.data)[i], static_cast<const uint32_t*>(count.data)[i]};
  }
  return draws;
}

// planBatches(id, { epoch, images Int32Array, counts Int32Array, batch })
napi_value planBatches(napi_env env, size_t, napi_value* argv) {
  const auto get = [&](const char* key) { return property(env, argv[1], key); };
  producers.get(env, toInt(env, argv[0]))
      .plan(static_cast<uint32_t>(toInt(env, get("epoch"))), toDraws(env, get("images"), get("counts")), static_cast<size_t>(toInt(env, get("batch"))));
  return undefined(env);
}

napi_value cancelBatches(napi_env env, size_t, napi_value* argv) {
  producers.get(env, toInt(env, argv[0])).cancel();
  return undefined(env);
}

// nextBatch(id, milliseconds) → uint8 [V·N, 3, S, S], or undefined when it is not ready after that time
napi_value nextBatch(napi_env env, size_t, napi_value* argv) {
  Producer& producer = producers.get(env, toInt(env, argv[0]));
  const std::chrono::milliseconds patience(toInt(env, argv[1]));
  auto batch = withDataErrors([&] { return producer.next(patience); });
  return batch ? fromTensor(env, std::move(*batch)) : undefined(env);
}

std::array<float, 3> toPerChannel(napi_env env, napi_value list) {
  std::array<float, 3> values;
  for (uint32_t i = 0; i < values.size(); i++) values[i] = static_cast<float>(toDouble(env, element(env, list, i)));
  return values;
}

// normalizeImages(uint8 [N, 3, S, S] in channels_last, { scale, shift, channelsLast }) → float32 of the same shape
napi_value normalizeImages(napi_env env, size_t, napi_value* argv) {
  const at::Tensor& images = toTensor(env, argv[0]);
  if (images.dim() != 4 || images.size(1) != Image::channels || images.scalar_type() != at::kByte || !images.is_contiguous(at::MemoryFormat::ChannelsLast)) {
    throw JsError("TYPE", "expected images, uint8 [N, 3, S, S] in channels_last");
  }
  const Normalization normalization{toPerChannel(env, property(env, argv[1], "scale")), toPerChannel(env, property(env, argv[1], "shift"))};
  const bool channelsLast = toBool(env, property(env, argv[1], "channelsLast"));
  const auto format = channelsLast ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  auto made = at::empty(images.sizes(), at::TensorOptions().dtype(at::kFloat).memory_format(format));
  const auto normalize = channelsLast ? normalizeInterleaved : normalizeToPlanes;
  const auto count = static_cast<size_t>(images.size(0)), pixels = static_cast<size_t>(images.size(2) * images.size(3));
  const uint8_t* from = images.const_data_ptr<uint8_t>();
  float* to = made.mutable_data_ptr<float>();
  const size_t valuesAThread = 1 << 20;  // fewer are made sooner than a thread is started
  const auto threads = std::min(static_cast<size_t>(at::get_num_threads()), 1 + images.numel() / valuesAThread);
  inParallel(count, static_cast<int>(threads), [&](size_t image) {
    const size_t start = image * pixels * Image::channels;
    normalize(from + start, pixels, normalization, to + start);
  });
  return fromTensor(env, std::move(made));
}

// closeProducer(id): returns when its threads have ended; closing twice does nothing.
napi_value closeProducer(napi_env env, size_t, napi_value* argv) {
  Entry entry = producers.remove(env, toInt(env, argv[0]));
  entry.producer.reset();
  for (const napi_ref array : entry.borrowed) napi_delete_reference(env, array);
  return undefined(env);
}

}  // namespace

void initVision(napi_env env, napi_value exports) {
  check(env, napi_add_env_cleanup_hook(env, onEnvironmentEnd, env), "napi_add_env_cleanup_hook");
  initInspection(env, exports);
  def<decodeImage, 1>(env, exports, "decodeImage");
  def<encodeImages, 4>(env, exports, "encodeImages");
  def<jpegLibraryName, 0>(env, exports, "jpegLibrary");
  def<transformImage, 3>(env, exports, "transformImage");
  def<drawTransform, 2>(env, exports, "drawTransform");
  def<openProducer, 1>(env, exports, "openProducer");
  def<planBatches, 2>(env, exports, "planBatches");
  def<cancelBatches, 1>(env, exports, "cancelBatches");
  def<nextBatch, 2>(env, exports, "nextBatch");
  def<normalizeImages, 2>(env, exports, "normalizeImages");
  def<closeProducer, 1>(env, exports, "closeProducer");
}

}  // namespace lt
