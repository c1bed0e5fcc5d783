// JavaScript's side of preparing images for a network: converts, calls, wraps. Nothing here needs libtorch.
#include "vision/bindings/prepare.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <span>

#include "common/addon.h"
#include "common/napi.h"
#include "common/parallel-for.h"
#include "vision/bindings/conversions.h"
#include "vision/codecs/decode.h"
#include "vision/image/budget.h"
#include "vision/image/normalize.h"

namespace lt::vision {

// Makes an image by transforms that draw no random numbers, from all of its pixels: a reduced one has other
// values.
Image makeImage(const Source& source, size_t index, const Pipeline& pipeline) {
  const MemoryTurn turn;
  Philox none(0);
  const Region region =
      source.region(index, [&](Size size) { return RequiredWindow{pipeline.required(size, none).window}; });
  try {
    return pipeline.apply(region, none);
  } catch (const DataError& error) {
    throw DataError(source.describe(index) + ": " + error.what());
  }
}

namespace {

constexpr size_t kChannels = Image::kChannels;

// One image: its size, its pixels unless they were normalized into JavaScript's memory, or why it cannot be
// read.
struct Prepared {
  int height = 0, width = 0;
  Image image;
  std::string error;
};

// Normalized images, and the memory that each is written to.
struct Planes {
  Normalization normalization;
  std::vector<std::span<float>> targets;
};

// Images in work, and the promise of them.
struct Preparation {
  std::unique_ptr<const Source> source;
  std::vector<napi_ref> borrowed;
  Pipeline pipeline;
  std::optional<Planes> planes;
  int threads = 1;  // 0: JavaScript's own
  std::vector<Prepared> made;
  std::exception_ptr failure;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;

  // Keeps a value of JavaScript, and so its memory, until the job is done.
  void borrow(napi_env env, napi_value value) {
    check(env, napi_create_reference(env, value, 1, &borrowed.emplace_back()), "napi_create_reference");
  }

  void prepare(size_t index) {
    Prepared& result = made[index];
    try {
      Image image = makeImage(*source, index, pipeline);
      result.height = image.height;
      result.width = image.width;
      if (!planes) {
        result.image = std::move(image);
      } else if (const auto target = planes->targets[index]; target.size() == image.size()) {
        normalizeToPlanes(image.pixels.get(), target.size() / kChannels, planes->normalization,
                          target.data());
      }
    } catch (const DataError& error) {
      result.error = error.what();
    }
  }
};

void execute(napi_env, void* data) {
  auto& job = *static_cast<Preparation*>(data);
  try {
    parallelFor(job.made.size(), job.threads, [&](size_t i) { job.prepare(i); }, endDecodingThread);
    if (job.threads > 0) endDecodingThread();
  } catch (...) {
    job.failure = std::current_exception();
  }
}

napi_value toJs(napi_env env, const Prepared& prepared) {
  const auto& [height, width, image, error] = prepared;
  if (!error.empty()) return str(env, error);
  const napi_value result = object(env);
  if (image.pixels) set(env, result, "data", fromBytes(env, {image.pixels.get(), image.size()}));
  set(env, result, "height", num(env, height));
  set(env, result, "width", num(env, width));
  return result;
}

napi_value resultsOf(napi_env env, const Preparation& job) {
  if (job.failure) std::rethrow_exception(job.failure);
  const napi_value list = array(env, job.made.size());
  for (uint32_t i = 0; i < job.made.size(); i++) set(env, list, i, toJs(env, job.made[i]));
  return list;
}

// Keeps or breaks the promise, on JavaScript's thread.
void settle(napi_env env, const Preparation& job) {
  for (const napi_ref reference : job.borrowed) napi_delete_reference(env, reference);
  try {
    napi_resolve_deferred(env, job.deferred, resultsOf(env, job));
  } catch (...) {
    throwCurrentException(env);
    napi_value error;
    napi_get_and_clear_last_exception(env, &error);
    napi_reject_deferred(env, job.deferred, error);
  }
}

void complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Preparation> job(static_cast<Preparation*>(data));
  napi_delete_async_work(env, job->work);
  settle(env, *job);
}

Normalization toNormalization(napi_env env, napi_value value) {
  const auto perChannel = [&](const char* key) {
    const auto numbers = toDoubles(env, property(env, value, key));
    if (numbers.size() != kChannels) throw JsError("TYPE", std::string(key) + ": expected three numbers");
    return std::array{static_cast<float>(numbers[0]), static_cast<float>(numbers[1]),
                      static_cast<float>(numbers[2])};
  };
  return Normalization{perChannel("scale"), perChannel("shift")};
}

// The memory of one typed array of float32 for each image, which the job holds on to.
std::optional<Planes> toPlanes(napi_env env, napi_value value, Preparation& job) {
  if (isNil(env, value)) return {};
  Planes planes{toNormalization(env, value), {}};
  const napi_value targets = property(env, value, "targets");
  if (length(env, targets) != job.source->size())
    throw JsError("TYPE", "targets: expected one for each image");
  for (uint32_t i = 0; i < length(env, targets); i++) {
    const napi_value target = element(env, targets, i);
    const Bytes memory = bytes(env, target);
    planes.targets.emplace_back(static_cast<float*>(memory.data), memory.size / sizeof(float));
    job.borrow(env, target);
  }
  return planes;
}

// prepareImages(pixels, transforms, { scale, shift, targets } or null, threads) → a promise, for each image
// of { height, width, data } or of the text of what is wrong with it. data: uint8 [H, W, 3]; with a
// normalization there is none, and float32 [3, H, W] is in the image's target unless that is of another
// size. The transforms draw nothing. With 0 threads the images are made before it returns.
napi_value prepareImages(napi_env env, size_t, napi_value* argv) {
  auto job = std::make_unique<Preparation>();
  auto [source, borrowed] = toSource(env, argv[0]);
  job->source = std::move(source);
  job->pipeline = toPipeline(env, argv[1]);
  job->threads = static_cast<int>(toInt(env, argv[3]));
  job->made.resize(job->source->size());
  for (const napi_value memory : borrowed) job->borrow(env, memory);
  job->planes = toPlanes(env, argv[2], *job);
  napi_value promise, name = str(env, "longtail.prepareImages");
  check(env, napi_create_promise(env, &job->deferred, &promise), "napi_create_promise");
  if (job->threads == 0) {
    execute(env, job.get());
    settle(env, *job);
    return promise;
  }
  check(env, napi_create_async_work(env, nullptr, name, execute, complete, job.get(), &job->work),
        "napi_create_async_work");
  check(env, napi_queue_async_work(env, job->work), "napi_queue_async_work");
  job.release();
  return promise;
}

}  // namespace

void initPreparation(napi_env env, napi_value exports) {
  def<prepareImages, 4>(env, exports, "prepareImages");
}

}  // namespace lt::vision
