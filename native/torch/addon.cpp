// The addon's entry: collects the topics. Loaded once for each JavaScript environment.
#include <c10/util/Logging.h>

#include "common/napi.h"
#include "cuda/cuda.h"
#include "distributed/distributed.h"
#include "kernels/kernels.h"
#include "torch/addon.h"
#include "vision/bindings/vision.h"

namespace lt {
namespace {

// setErrorTypes({ KIND: class }): errors of a kind are thrown as instances of its class.
napi_value setErrorTypes(napi_env env, size_t, napi_value* argv) {
  check(env, napi_create_reference(env, argv[0], 1, &instance(env).errorTypes), "napi_create_reference");
  return undefined(env);
}

napi_value init(napi_env env, napi_value exports) {
  try {
    c10::initLogging();  // without it TORCH_CPP_LOG_LEVEL has no effect
    instance(env);
    def<setErrorTypes, 1>(env, exports, "setErrorTypes");
    initOperators(env, exports);
    initTensors(env, exports);
    initAutograd(env, exports);
    initRandom(env, exports);
    initSettings(env, exports);
    initFileLocks(env, exports);
    initKernels(env, exports);
    initDistributed(env, exports);
    initCuda(env, exports);
    initStreams(env, exports);
    initVision(env, exports);
  } catch (...) {
    throwCurrentException(env);
    return nullptr;
  }
  return exports;
}

}  // namespace
}  // namespace lt

NAPI_MODULE_INIT() { return lt::init(env, exports); }
