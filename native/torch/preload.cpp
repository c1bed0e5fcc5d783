// A tiny addon without libtorch in it: opens shared libraries by their full path, so that longtail.node,
// which names them without a path, finds them already loaded. This keeps the build independent of where the
// engine lies.
#include <dlfcn.h>
#include <node_api.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

void* openLibrary(const std::string& path) { return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL); }

bool toText(napi_env env, napi_value value, std::string* text) {
  size_t size = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) {
    napi_throw_type_error(env, nullptr, "expected a path");
    return false;
  }
  text->resize(size);
  return napi_get_value_string_utf8(env, value, text->data(), size + 1, &size) == napi_ok;
}

napi_value open(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  std::string path;
  if (!toText(env, argv[0], &path)) return nullptr;
  if (!openLibrary(path)) napi_throw_error(env, "DLOPEN", dlerror());
  return nullptr;
}

// The thread that opens libraries ahead. Never destroyed: a process that ends without waiting must not fail
// for it.
struct Ahead {
  std::mutex mutex;
  std::thread thread;
};

Ahead& ahead() {
  static Ahead* const one = new Ahead;
  return *one;
}

// openAhead(path, …): opens the libraries on a thread of its own, one after the other up to the first that
// fails, whose error comes from open(path). A second call while the first is under way does nothing.
napi_value openAhead(napi_env env, napi_callback_info info) {
  constexpr size_t kMost = 8;
  size_t argc = kMost;
  napi_value argv[kMost];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  std::vector<std::string> paths(std::min(argc, kMost));
  for (size_t i = 0; i < paths.size(); i++) {
    if (!toText(env, argv[i], &paths[i])) return nullptr;
  }
  auto& [mutex, thread] = ahead();
  const std::lock_guard lock(mutex);
  if (thread.joinable()) return nullptr;
  thread = std::thread([paths = std::move(paths)] {
    for (const std::string& path : paths) {
      if (!openLibrary(path)) return;
    }
  });
  return nullptr;
}

// Waits for the libraries that are being opened ahead: a process must not end in the middle of it.
napi_value waitForAhead(napi_env, napi_callback_info) {
  auto& [mutex, thread] = ahead();
  const std::lock_guard lock(mutex);
  if (thread.joinable()) thread.join();
  return nullptr;
}

void add(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace

NAPI_MODULE_INIT() {
  add(env, exports, "open", open);
  add(env, exports, "openAhead", openAhead);
  add(env, exports, "waitForAhead", waitForAhead);
  return exports;
}
