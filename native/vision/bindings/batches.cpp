// JavaScript's side of the producer of batches, and their normalization.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <memory>

#include "common/addon.h"
#include "common/parallel-for.h"
#include "common/registry.h"
#include "common/tensors.h"
#include "common/timeline.h"
#include "vision/bindings/conversions.h"
#include "vision/image/normalize.h"
#include "vision/loader/buffer-pool.h"
#include "vision/loader/producer.h"

namespace lt::vision {
namespace {

// A producer and references to the arrays whose memory it reads.
struct OpenProducer {
  explicit OpenProducer(Producer::Settings settings) : producer(std::move(settings)) {}

  Producer producer;
  std::vector<napi_ref> borrowed;
};

// A producer that JavaScript did not close ends with its environment, or when the process ends and this is
// destroyed (process.exit and uncaught errors run no hook).
Registry<std::shared_ptr<OpenProducer>> producers("the loader");

// ---- Exports
// Lists of transforms: what is done for each view, and what is only drawn for it after that.
std::vector<Producer::View> toViews(napi_env env, napi_value done, napi_value drawn) {
  std::vector<Producer::View> views(length(env, done));
  for (uint32_t view = 0; view < views.size(); view++) {
    views[view].pipeline = toPipeline(env, element(env, done, view));
    const napi_value list = element(env, drawn, view);
    for (uint32_t i = 0; i < length(env, list); i++)
      views[view].drawn.push_back(toTransform(env, element(env, list, i)));
  }
  return views;
}

std::array<float, 3> toPerChannel(napi_env env, napi_value list) {
  std::array<float, 3> values;
  for (uint32_t i = 0; i < values.size(); i++)
    values[i] = static_cast<float>(toDouble(env, element(env, list, i)));
  return values;
}

// { scale, shift, channelsLast }
Normalizer toNormalizer(napi_env env, napi_value options) {
  return {{toPerChannel(env, property(env, options, "scale")),
           toPerChannel(env, property(env, options, "shift"))},
          toBool(env, property(env, options, "channelsLast"))};
}

// openProducer(options) → id, with options { pixels, views: transforms[], drawn: transforms[], size, seed,
// threads, prefetch, reduce, pinned, normalizer: { scale, shift, channelsLast } or null }
napi_value openProducer(napi_env env, size_t, napi_value* argv) {
  const auto get = [&](const char* key) { return property(env, argv[0], key); };
  auto [source, borrowed] = toSource(env, get("pixels"));
  Producer::Settings settings{std::move(source),
                              toViews(env, get("views"), get("drawn")),
                              static_cast<int>(toInt(env, get("size"))),
                              static_cast<uint64_t>(toInt(env, get("seed"))),
                              static_cast<int>(toInt(env, get("threads"))),
                              static_cast<size_t>(toInt(env, get("prefetch"))),
                              toBool(env, get("reduce")),
                              toBool(env, get("pinned")),
                              {}};
  if (const napi_value normalizer = get("normalizer"); !isNil(env, normalizer))
    settings.normalizer = toNormalizer(env, normalizer);
  const auto open = std::make_shared<OpenProducer>(std::move(settings));
  for (const napi_value array : borrowed) {
    check(env, napi_create_reference(env, array, 1, &open->borrowed.emplace_back()), "napi_create_reference");
  }
  return num(env, static_cast<double>(producers.put(open, env)));
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
  producers.get(toInt(env, argv[0]))
      ->producer.plan(static_cast<uint32_t>(toInt(env, get("epoch"))),
                      toDraws(env, get("images"), get("counts")),
                      static_cast<size_t>(toInt(env, get("batch"))));
  return undefined(env);
}

napi_value cancelBatches(napi_env env, size_t, napi_value* argv) {
  producers.get(toInt(env, argv[0]))->producer.cancel();
  return undefined(env);
}

// awaitBatch(id, milliseconds) → whether the next batch is ready after that time
napi_value awaitBatch(napi_env env, size_t, napi_value* argv) {
  const std::chrono::milliseconds patience(toInt(env, argv[1]));
  const Stopwatch waiting(Stage::Wait);
  return boolean(env, producers.get(toInt(env, argv[0]))->producer.isReady(patience));
}

// nextBatch(id, milliseconds) → { images: uint8, with a normalizer float32, [V·N, 3, S, S], drawn: int32
// [V·N, numbers] or null }, or undefined when it is not ready after that time
napi_value nextBatch(napi_env env, size_t, napi_value* argv) {
  const auto open = producers.get(toInt(env, argv[0]));
  const std::chrono::milliseconds patience(toInt(env, argv[1]));
  const Stopwatch waiting(Stage::Wait);
  auto batch = withDataErrors([&] { return open->producer.next(patience); });
  if (!batch) return undefined(env);
  const napi_value made = object(env);
  set(env, made, "images", fromTensor(env, std::move(batch->images)));
  set(env, made, "drawn", fromTensor(env, std::move(batch->drawn)));
  return made;
}

// normalizeImages(uint8 [N, 3, S, S] in channels_last, { scale, shift, channelsLast }) → float32 of the same
// shape
napi_value normalizeImages(napi_env env, size_t, napi_value* argv) {
  const Stopwatch normalizing(Stage::Normalize);
  const at::Tensor& images = toTensor(env, argv[0]);
  if (images.dim() != 4 || images.size(1) != Image::kChannels || images.scalar_type() != at::kByte ||
      !images.is_contiguous(at::MemoryFormat::ChannelsLast)) {
    throw JsError("TYPE", "expected images, uint8 [N, 3, S, S] in channels_last");
  }
  const Normalizer normalize = toNormalizer(env, argv[1]);
  auto made = takeNormalized(images.sizes(), normalize.interleaved);
  const auto count = static_cast<size_t>(images.size(0)),
             pixels = static_cast<size_t>(images.size(2) * images.size(3));
  const uint8_t* from = images.const_data_ptr<uint8_t>();
  float* to = made.mutable_data_ptr<float>();
  constexpr size_t kValuesOfThread = 1 << 20;  // fewer are computed sooner than a thread is started
  const auto threads =
      std::min(static_cast<size_t>(at::get_num_threads()), 1 + images.numel() / kValuesOfThread);
  parallelFor(count, static_cast<int>(threads), [&](size_t image) {
    const size_t start = image * pixels * Image::kChannels;
    normalize(from + start, pixels, to + start);
  });
  return fromTensor(env, std::move(made));
}

napi_value beginTimeline(napi_env env, size_t, napi_value*) {
  startTimeline();
  return undefined(env);
}

// endTimeline() → float64 [spans, 4]: thread, stage, begin and end in milliseconds
napi_value endTimeline(napi_env env, size_t, napi_value*) {
  std::vector<double> all;
  for (const StageSpan& span : stopTimeline()) {
    all.insert(all.end(),
               {static_cast<double>(span.thread), static_cast<double>(span.stage), span.begin, span.end});
  }
  return fromTensor(env, at::tensor(all, at::kDouble).view({static_cast<int64_t>(all.size() / 4), 4}));
}

// closeProducer(id): returns when its threads have ended; closing twice does nothing.
napi_value closeProducer(napi_env env, size_t, napi_value* argv) {
  auto open = producers.take(toInt(env, argv[0]));
  if (!open) return undefined(env);
  const std::vector<napi_ref> borrowed = std::move(open->borrowed);
  open.reset();
  for (const napi_ref array : borrowed) napi_delete_reference(env, array);
  return undefined(env);
}

}  // namespace

void initBatches(napi_env env, napi_value exports) {
  def<openProducer, 1>(env, exports, "openProducer");
  def<planBatches, 2>(env, exports, "planBatches");
  def<cancelBatches, 1>(env, exports, "cancelBatches");
  def<awaitBatch, 2>(env, exports, "awaitBatch");
  def<nextBatch, 2>(env, exports, "nextBatch");
  def<normalizeImages, 2>(env, exports, "normalizeImages");
  def<beginTimeline, 0>(env, exports, "beginTimeline");
  def<endTimeline, 0>(env, exports, "endTimeline");
  def<closeProducer, 1>(env, exports, "closeProducer");
}

}  // namespace lt::vision
