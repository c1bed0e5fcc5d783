// The addon's entry: collects the topics. Loaded once for each JavaScript environment.
#include <c10/util/Logging.h>

#include "common/addon.h"
#include "common/napi.h"

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
    initFiles(env, exports);
    kernels::initKernels(env, exports);
    distributed::initStores(env, exports);
    distributed::initGroups(env, exports);
    distributed::initReducer(env, exports);
    cuda::initGraphs(env, exports);
    cuda::initStreams(env, exports);
    vision::initImages(env, exports);
    vision::initBatches(env, exports);
    vision::initInspection(env, exports);
  } catch (...) {
    throwCurrentException(env);
    return nullptr;
  }
  return exports;
}

}  // namespace
}  // namespace lt

NAPI_MODULE_INIT() { return lt::init(env, exports); }
