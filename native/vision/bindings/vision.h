// What native/vision adds to the addon's exports: decoding, pixel operations, the producer of batches.
#pragma once
#include <node_api.h>

namespace lt {
void initVision(napi_env env, napi_value exports);
void initBatches(napi_env env, napi_value exports);
void initInspection(napi_env env, napi_value exports);
}  // namespace lt
