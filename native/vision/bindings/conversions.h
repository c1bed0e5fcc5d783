// Conversions from JavaScript to transforms, pipelines and sources of images.
#pragma once
#include <memory>
#include <vector>

#include "common/napi.h"
#include "vision/sources/source.h"
#include "vision/transforms/pipeline.h"

namespace lt::vision {

TransformPtr toTransform(napi_env env, napi_value spec);  // { kind, … }
Pipeline toPipeline(napi_env env, napi_value list);

// A dataset's pixels, as JavaScript describes them (src/data/dataset.ts). The source borrows the memory of
// some of the object's arrays: keep those of `borrowed` alive as long as it.
struct BorrowingSource {
  std::unique_ptr<const Source> source;
  std::vector<napi_value> borrowed;
};
BorrowingSource toSource(napi_env env, napi_value pixels);

// Calls, and turns a DataError into an error of JavaScript's class of that name.
template <class Call>
auto withDataErrors(Call call) {
  try {
    return call();
  } catch (const DataError& error) {
    throw JsError("DATA", error.what());
  }
}

}  // namespace lt::vision
