// JavaScript's side of the producer of batches, and their normalization.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <map>
#include <memory>
#include <mutex>

#include "common/napi.h"
#include "common/parallel-for.h"
#include "common/timeline.h"
#include "vision/bindings/conversions.h"
#include "vision/bindings/pixels.h"
#include "vision/bindings/vision.h"
#include "vision/image/normalize.h"
#include "vision/loader/buffer-pool.h"
#include "vision/loader/producer.h"

namespace lt {
namespace {

// ---- Producers by environment: one that JavaScript did not close ends with its environment (a worker that
// is terminated), or with the process (process.exit and uncaught errors run no hook).
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

// openProducer({ pixels, views: transforms[], drawn: transforms[], size, seed, threads, ahead, reduce, pinned
// }) → id
napi_value openProducer(napi_env env, size_t, napi_value* argv) {
  const auto get = [&](const char* key) { return property(env, argv[0], key); };
  auto [source, borrowed] = toSource(env, get("pixels"));
  Producer::Settings settings{std::move(source),
                              toViews(env, get("views"), get("drawn")),
                              static_cast<int>(toInt(env, get("size"))),
                              static_cast<uint64_t>(toInt(env, get("seed"))),
                              static_cast<int>(toInt(env, get("threads"))),
                              static_cast<size_t>(toInt(env, get("ahead"))),
                              toBool(env, get("reduce")),
                              toBool(env, get("pinned"))};
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
      .plan(static_cast<uint32_t>(toInt(env, get("epoch"))), toDraws(env, get("images"), get("counts")),
            static_cast<size_t>(toInt(env, get("batch"))));
  return undefined(env);
}

napi_value cancelBatches(napi_env env, size_t, napi_value* argv) {
  producers.get(env, toInt(env, argv[0])).cancel();
  return undefined(env);
}

// nextBatch(id, milliseconds) → { images: uint8 [V·N, 3, S, S], drawn: int32 [V·N, numbers] or null }, or
// undefined when it is not ready after that time
napi_value nextBatch(napi_env env, size_t, napi_value* argv) {
  Producer& producer = producers.get(env, toInt(env, argv[0]));
  const std::chrono::milliseconds patience(toInt(env, argv[1]));
  const Stopwatch waiting(Stage::Wait);
  auto batch = withDataErrors([&] { return producer.next(patience); });
  if (!batch) return undefined(env);
  const napi_value made = object(env);
  set(env, made, "images", fromTensor(env, std::move(batch->images)));
  set(env, made, "drawn", fromTensor(env, std::move(batch->drawn)));
  return made;
}

std::array<float, 3> toPerChannel(napi_env env, napi_value list) {
  std::array<float, 3> values;
  for (uint32_t i = 0; i < values.size(); i++)
    values[i] = static_cast<float>(toDouble(env, element(env, list, i)));
  return values;
}

// normalizeImages(uint8 [N, 3, S, S] in channels_last, { scale, shift, channelsLast }) → float32 of the same
// shape
napi_value normalizeImages(napi_env env, size_t, napi_value* argv) {
  const Stopwatch normalizing(Stage::Normalize);
  const at::Tensor& images = toTensor(env, argv[0]);
  if (images.dim() != 4 || images.size(1) != Image::channels || images.scalar_type() != at::kByte ||
      !images.is_contiguous(at::MemoryFormat::ChannelsLast)) {
    throw JsError("TYPE", "expected images, uint8 [N, 3, S, S] in channels_last");
  }
  const Normalization normalization{toPerChannel(env, property(env, argv[1], "scale")),
                                    toPerChannel(env, property(env, argv[1], "shift"))};
  const bool channelsLast = toBool(env, property(env, argv[1], "channelsLast"));
  const auto format = channelsLast ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  static BufferPool buffers(8);  // of all loaders
  auto made = buffers.take(images.sizes(), at::kFloat, format);
  const auto normalize = channelsLast ? normalizeInterleaved : normalizeToPlanes;
  const auto count = static_cast<size_t>(images.size(0)),
             pixels = static_cast<size_t>(images.size(2) * images.size(3));
  const uint8_t* from = images.const_data_ptr<uint8_t>();
  float* to = made.mutable_data_ptr<float>();
  const size_t valuesAThread = 1 << 20;  // fewer are made sooner than a thread is started
  const auto threads =
      std::min(static_cast<size_t>(at::get_num_threads()), 1 + images.numel() / valuesAThread);
  parallelFor(count, static_cast<int>(threads), [&](size_t image) {
    const size_t start = image * pixels * Image::channels;
    normalize(from + start, pixels, normalization, to + start);
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
  Entry entry = producers.remove(env, toInt(env, argv[0]));
  entry.producer.reset();
  for (const napi_ref array : entry.borrowed) napi_delete_reference(env, array);
  return undefined(env);
}

}  // namespace

void initBatches(napi_env env, napi_value exports) {
  check(env, napi_add_env_cleanup_hook(env, onEnvironmentEnd, env), "napi_add_env_cleanup_hook");
  def<openProducer, 1>(env, exports, "openProducer");
  def<planBatches, 2>(env, exports, "planBatches");
  def<cancelBatches, 1>(env, exports, "cancelBatches");
  def<nextBatch, 2>(env, exports, "nextBatch");
  def<normalizeImages, 2>(env, exports, "normalizeImages");
  def<beginTimeline, 0>(env, exports, "beginTimeline");
  def<endTimeline, 0>(env, exports, "endTimeline");
  def<closeProducer, 1>(env, exports, "closeProducer");
}

}  // namespace lt
