// Operators of our own, as operators "longtail::…" of libtorch's dispatcher.
#include <torch/library.h>

#include "common/addon.h"
#include "common/napi.h"
#include "kernels/dispatch.h"
#include "kernels/operators.h"

namespace lt::kernels {
namespace {

// Defines the operators once, however many JavaScript environments load the addon. The library goes when the
// addon is unloaded, which Node does after the addon's last environment has ended: a worker, where the main
// thread has no tensors.
void defineOperators() {
  static torch::Library library(torch::Library::DEF, "longtail", std::nullopt, __FILE__, __LINE__);
  static const bool defined = [] {
    defineConv3x3(library);
    defineConvNorm(library);
    defineInvertedResidual(library);
    defineResidualChain(library);
    return true;
  }();
  (void)defined;
}

const std::pair<const char*, Use> kUses[] = {
    {"libtorch", Use::Libtorch},
    {"own", Use::Own},
    {"always", Use::Always},
};

// setKernels("own" | "libtorch" | "always"): who computes what both can.
napi_value setKernels(napi_env env, size_t, napi_value* argv) {
  const auto wanted = toStr(env, argv[0]);
  for (const auto& [name, use] : kUses)
    if (wanted == name) {
      setUse(use);
      return undefined(env);
    }
  throw JsError("TYPE", "kernels: expected own, libtorch or always, received " + wanted);
}

napi_value kernelsInUse(napi_env env, size_t, napi_value*) {
  for (const auto& [name, known] : kUses)
    if (known == use()) return str(env, name);
  return undefined(env);
}

}  // namespace

void initKernels(napi_env env, napi_value exports) {
  defineOperators();
  def<setKernels, 1>(env, exports, "setKernels");
  def<kernelsInUse, 0>(env, exports, "kernels");
}

}  // namespace lt::kernels
