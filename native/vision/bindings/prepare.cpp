// JavaScript's side of preparing images for a network: converts, calls, wraps. Nothing here needs libtorch.
#include "vision/bindings/prepare.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "common/addon.h"
#include "common/napi.h"
#include "common/parallel-for.h"
#include "vision/bindings/conversions.h"
#include "vision/codecs/decode.h"
#include "vision/image/budget.h"
#include "vision/image/normalize.h"

namespace lt::vision {

// Makes an image by transforms that draw no random numbers.
Image makeImage(const Source& source, size_t index, const Pipeline& pipeline) {
  const MemoryTurn turn;
  Philox none(0);
  const Region region = source.region(index, [&](Size size) { return pipeline.required(size, none); });
  try {
    return pipeline.apply(region, none);
  } catch (const DataError& error) {
    throw DataError(source.describe(index) + ": " + error.what());
  }
}

namespace {

constexpr size_t kChannels = Image::kChannels;

// One image: its pixels, or planes of floats where they are normalized, or why it cannot be read.
struct Prepared {
  Image image;
  std::vector<float> planes;
  std::string error;
};

// Images in work on a thread of the pool of libuv, and the promise of them.
struct Preparation {
  std::unique_ptr<const Source> source;
  std::vector<napi_ref> borrowed;
  Pipeline pipeline;
  std::optional<Normalization> normalization;
  int threads = 1;
  std::vector<Prepared> made;
  std::exception_ptr failure;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;

  void prepare(size_t index) {
    Prepared& result = made[index];
    try {
      Image image = makeImage(*source, index, pipeline);
      if (normalization) {
        const size_t pixels = static_cast<size_t>(image.height) * image.width;
        result.planes.resize(kChannels * pixels);
        normalizeToPlanes(image.pixels.get(), pixels, *normalization, result.planes.data());
      }
      result.image = std::move(image);
    } catch (const DataError& error) {
      result.error = error.what();
    }
  }
};

void execute(napi_env, void* data) {
  auto& job = *static_cast<Preparation*>(data);
  try {
    parallelFor(job.made.size(), job.threads, [&](size_t i) { job.prepare(i); }, endDecodingThread);
    endDecodingThread();
  } catch (...) {
    job.failure = std::current_exception();
  }
}

napi_value floats(napi_env env, const std::vector<float>& values) {
  void* memory = nullptr;
  napi_value buffer, result;
  check(env, napi_create_arraybuffer(env, values.size() * sizeof(float), &memory, &buffer),
        "napi_create_arraybuffer");
  std::ranges::copy(values, static_cast<float*>(memory));
  check(env, napi_create_typedarray(env, napi_float32_array, values.size(), buffer, 0, &result),
        "napi_create_typedarray");
  return result;
}

napi_value toJs(napi_env env, const Prepared& prepared) {
  if (!prepared.error.empty()) return str(env, prepared.error);
  const auto& [image, planes, error] = prepared;
  const napi_value result = object(env);
  set(env, result, "data",
      planes.empty() ? fromBytes(env, {image.pixels.get(), image.size()}) : floats(env, planes));
  set(env, result, "height", num(env, image.height));
  set(env, result, "width", num(env, image.width));
  return result;
}

napi_value resultsOf(napi_env env, const Preparation& job) {
  if (job.failure) std::rethrow_exception(job.failure);
  const napi_value list = array(env, job.made.size());
  for (uint32_t i = 0; i < job.made.size(); i++) set(env, list, i, toJs(env, job.made[i]));
  return list;
}

// Keeps or breaks the promise, on JavaScript's thread.
void complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Preparation> job(static_cast<Preparation*>(data));
  for (const napi_ref reference : job->borrowed) napi_delete_reference(env, reference);
  napi_delete_async_work(env, job->work);
  try {
    napi_resolve_deferred(env, job->deferred, resultsOf(env, *job));
  } catch (...) {
    throwCurrentException(env);
    napi_value error;
    napi_get_and_clear_last_exception(env, &error);
    napi_reject_deferred(env, job->deferred, error);
  }
}

std::optional<Normalization> toNormalization(napi_env env, napi_value value) {
  if (isNil(env, value)) return {};
  const auto perChannel = [&](const char* key) {
    const auto numbers = toDoubles(env, property(env, value, key));
    if (numbers.size() != kChannels) throw JsError("TYPE", std::string(key) + ": expected three numbers");
    return std::array{static_cast<float>(numbers[0]), static_cast<float>(numbers[1]),
                      static_cast<float>(numbers[2])};
  };
  return Normalization{perChannel("scale"), perChannel("shift")};
}

// prepareImages(pixels, transforms, { scale, shift } or null, threads) → a promise, for each image of {
// data, height, width } or of the text of what is wrong with it. data: float32 [3, H, W] with a
// normalization, uint8 [H, W, 3] without. The transforms draw nothing.
napi_value prepareImages(napi_env env, size_t, napi_value* argv) {
  auto job = std::make_unique<Preparation>();
  auto [source, borrowed] = toSource(env, argv[0]);
  job->source = std::move(source);
  job->pipeline = toPipeline(env, argv[1]);
  job->normalization = toNormalization(env, argv[2]);
  job->threads = static_cast<int>(toInt(env, argv[3]));
  job->made.resize(job->source->size());
  for (const napi_value memory : borrowed)
    check(env, napi_create_reference(env, memory, 1, &job->borrowed.emplace_back()), "napi_create_reference");
  napi_value promise, name = str(env, "longtail.prepareImages");
  check(env, napi_create_promise(env, &job->deferred, &promise), "napi_create_promise");
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
