// A tiny addon without libtorch in it: opens shared libraries by their full path, so that longtail.node,
// which names them without a path, finds them already loaded. This keeps the build independent of where the
// engine lies.
#include <dlfcn.h>
#include <node_api.h>

#include <string>

namespace {

napi_value open(napi_env env, napi_callback_info info) {
  size_t argc = 1, size = 0;
  napi_value argv[1];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  if (argc < 1 || napi_get_value_string_utf8(env, argv[0], nullptr, 0, &size) != napi_ok) {
    napi_throw_type_error(env, nullptr, "open: expected a path");
    return nullptr;
  }
  std::string path(size, '\0');
  napi_get_value_string_utf8(env, argv[0], path.data(), size + 1, &size);
  if (!dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) napi_throw_error(env, "DLOPEN", dlerror());
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, open, nullptr, &function);
  napi_set_named_property(env, exports, "open", function);
  return exports;
}
