// The addon's entry: collects the topics. Loaded once for each JavaScript environment.
#include <c10/util/Logging.h>

#include "common/addon.h"
#include "common/tensors.h"

namespace lt {
namespace {

napi_value init(napi_env env, napi_value exports) {
  try {
    c10::initLogging();  // without it TORCH_CPP_LOG_LEVEL has no effect
    setTranslator(translateTorchErrors);
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
    vision::initEncoding(env, exports);
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
