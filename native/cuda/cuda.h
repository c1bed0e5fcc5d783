// GPUs, as far as they need more than libtorch's operators.
#pragma once
#include <node_api.h>

namespace lt {

void initCuda(napi_env env, napi_value exports);     // the optional library: recorded work
void initStreams(napi_env env, napi_value exports);  // what goes on side by side

}  // namespace lt
