// JavaScript's side of inspecting images: converts, calls, wraps.
#include "common/addon.h"
#include "common/napi.h"
#include "common/parallel-for.h"
#include "vision/bindings/conversions.h"
#include "vision/bindings/image-job.h"
#include "vision/codecs/decode.h"
#include "vision/inspection/inspect.h"

namespace lt::vision {
namespace {

// 16 hexadecimal digits
napi_value hex(napi_env env, uint64_t value) {
  std::string digits(16, '0');
  for (size_t i = 0; i < digits.size(); i++, value >>= 4) digits[15 - i] = "0123456789abcdef"[value & 15];
  return str(env, digits);
}

napi_value text(napi_env env, const std::string& value) {
  return value.empty() ? null(env) : str(env, value);
}

napi_value toJs(napi_env env, const Inspection& found) {
  const napi_value result = object(env);
  set(env, result, "error", text(env, found.error));
  set(env, result, "warning", text(env, found.warning));
  set(env, result, "truncated", boolean(env, found.truncated));
  set(env, result, "huge", boolean(env, found.huge));
  set(env, result, "format", text(env, found.format));
  set(env, result, "width", num(env, found.width));
  set(env, result, "height", num(env, found.height));
  set(env, result, "bits", num(env, found.bits));
  set(env, result, "color", text(env, found.color));
  set(env, result, "alpha", boolean(env, found.alpha));
  set(env, result, "orientation", num(env, found.orientation));
  set(env, result, "bytes", num(env, static_cast<double>(found.bytes)));
  set(env, result, "fileHash", hex(env, found.fileHash));
  set(env, result, "pixelHash", hex(env, found.pixelHash));
  const auto& [hash, mirrored, contrast, colors] = found.fingerprint;
  set(env, result, "hash", hex(env, hash));
  set(env, result, "mirrored", hex(env, mirrored));
  set(env, result, "contrast", num(env, contrast));
  set(env, result, "colors", fromBytes(env, colors));
  return result;
}

// inspectImages(pixels, threads, "header" or "whole") → an inspection an image
napi_value inspectImages(napi_env env, size_t, napi_value* argv) {
  const auto [source, borrowed] = toSource(env, argv[0]);
  const Depth depth = toStr(env, argv[2]) == "header" ? Depth::Header : Depth::Whole;
  std::vector<Inspection> found(source->size());
  parallelFor(
      found.size(), static_cast<int>(toInt(env, argv[1])),
      [&](size_t i) { found[i] = inspect(*source, i, depth); }, endDecodingThread);
  const napi_value result = array(env, found.size());
  for (uint32_t i = 0; i < found.size(); i++) set(env, result, i, toJs(env, found[i]));
  return result;
}

ImageJobs<Inspection> jobs("the inspection");

// startInspection(pixels, threads, "header" or "whole") → id
napi_value startInspection(napi_env env, size_t, napi_value* argv) {
  const Depth depth = toStr(env, argv[2]) == "header" ? Depth::Header : Depth::Whole;
  return jobs.start(env, toSource(env, argv[0]), static_cast<int>(toInt(env, argv[1])),
                    [depth](const Source& source, size_t index) { return inspect(source, index, depth); });
}

// awaitInspection(id, milliseconds) → an inspection an image; undefined when they are not done after that
// time
napi_value awaitInspection(napi_env env, size_t, napi_value* argv) {
  const auto* found = jobs.await(toInt(env, argv[0]), toInt(env, argv[1]));
  if (!found) return undefined(env);
  const napi_value result = array(env, found->size());
  for (uint32_t i = 0; i < found->size(); i++) set(env, result, i, toJs(env, (*found)[i]));
  return result;
}

// closeInspection(id): ends the images in work.
napi_value closeInspection(napi_env env, size_t, napi_value* argv) {
  jobs.close(env, toInt(env, argv[0]));
  return undefined(env);
}

// makeThumbnails(pixels, side, threads) → JPEG files in Buffers, null for what cannot be decoded
napi_value makeThumbnails(napi_env env, size_t, napi_value* argv) {
  const auto [source, borrowed] = toSource(env, argv[0]);
  const auto side = static_cast<int>(toInt(env, argv[1]));
  std::vector<std::vector<uint8_t>> files(source->size());
  parallelFor(
      files.size(), static_cast<int>(toInt(env, argv[2])),
      [&](size_t i) { files[i] = thumbnailOf(*source, i, side); }, endDecodingThread);
  const napi_value result = array(env, files.size());
  for (uint32_t i = 0; i < files.size(); i++)
    set(env, result, i, files[i].empty() ? null(env) : fromBytes(env, files[i]));
  return result;
}

}  // namespace

void initInspection(napi_env env, napi_value exports) {
  def<inspectImages, 3>(env, exports, "inspectImages");
  def<startInspection, 3>(env, exports, "startInspection");
  def<awaitInspection, 2>(env, exports, "awaitInspection");
  def<closeInspection, 1>(env, exports, "closeInspection");
  def<makeThumbnails, 3>(env, exports, "makeThumbnails");
}

}  // namespace lt::vision
