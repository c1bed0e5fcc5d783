// What each topic of the engine adds to the addon's exports. All of it is called from addon.cpp.
#pragma once
#include <node_api.h>

namespace lt {
void initOperators(napi_env env, napi_value exports);  // boxed calls by schema
void initTensors(napi_env env, napi_value exports);    // create, read, free
void initAutograd(napi_env env, napi_value exports);   // backward, grad, modes
void initRandom(napi_env env, napi_value exports);     // Philox fills, libtorch's generator
void initSettings(napi_env env, napi_value exports);   // threads, determinism, autocast, warnings, devices
void initFileLocks(napi_env env, napi_value exports);  // one process at a time
}  // namespace lt
