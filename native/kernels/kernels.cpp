#include "kernels/kernels.h"

#include <torch/library.h>

#include "common/napi.h"
#include "kernels/choice.h"
#include "kernels/operators.h"

namespace lt {
namespace {

// Once, however many JavaScript environments load the addon. The library goes when the addon is unloaded,
// which Node does after the last environment of it has ended: a worker, where the main thread has no tensors.
void defineOperators() {
  static torch::Library library(torch::Library::DEF, "longtail", std::nullopt, __FILE__, __LINE__);
  static const bool defined = [] {
    kernels::defineConv3x3(library);
    kernels::defineConvNorm(library);
    kernels::defineResidualChain(library);
    return true;
  }();
  (void)defined;
}

const std::pair<const char*, kernels::Use> kUses[] = {
    {"libtorch", kernels::Use::Libtorch},
    {"own", kernels::Use::Own},
    {"always", kernels::Use::Always},
};

// setKernels("own" | "libtorch" | "always"): who computes what both can.
napi_value setKernels(napi_env env, size_t, napi_value* argv) {
  const auto wanted = toStr(env, argv[0]);
  for (const auto& [name, use] : kUses)
    if (wanted == name) {
      kernels::setUse(use);
      return undefined(env);
    }
  throw JsError("TYPE", "kernels: expected own, libtorch or always, received " + wanted);
}

napi_value kernelsInUse(napi_env env, size_t, napi_value*) {
  for (const auto& [name, use] : kUses)
    if (use == kernels::use()) return str(env, name);
  return undefined(env);
}

}  // namespace

void initKernels(napi_env env, napi_value exports) {
  defineOperators();
  def<setKernels, 1>(env, exports, "setKernels");
  def<kernelsInUse, 0>(env, exports, "kernels");
}

}  // namespace lt
