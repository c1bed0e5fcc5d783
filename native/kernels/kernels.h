// Operators of our own, as operators "longtail::…" of libtorch's dispatcher.
#pragma once
#include <node_api.h>

namespace lt {
void initKernels(napi_env env, napi_value exports);
}
