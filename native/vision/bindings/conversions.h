// From JavaScript to what native/vision is made of.
#pragma once
#include "common/napi.h"
#include "vision/transforms/pipeline.h"

namespace lt {

TransformPtr toTransform(napi_env env, napi_value spec);  // { kind, … }
Pipeline toPipeline(napi_env env, napi_value list);

template <class Call>
auto withDataErrors(Call call) {
  try {
    return call();
  } catch (const DataError& error) {
    throw JsError("DATA", error.what());
  }
}

}  // namespace lt
