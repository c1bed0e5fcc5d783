// The entry of vision.node, a small addon without libtorch in it, which prepares images for networks that run
// elsewhere, and runs those for phones. Loaded once for each JavaScript environment.
#include "common/addon.h"
#include "common/napi.h"

NAPI_MODULE_INIT() {
  try {
    lt::instance(env);
    lt::def<lt::setErrorTypes, 1>(env, exports, "setErrorTypes");
    lt::vision::initPreparation(env, exports);
    lt::vision::initEncoding(env, exports);
    lt::network::initNetworks(env, exports);
  } catch (...) {
    lt::throwCurrentException(env);
    return nullptr;
  }
  return exports;
}
