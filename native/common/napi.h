// Helpers over Node-API that convert, call and wrap; one guard turns every C++ exception into a JavaScript
// error.
#pragma once
#include <node_api.h>

#include <cstdint>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace lt {

// An error with a kind of its own in JavaScript: "DATA", "FREED", "TORCH"; see setErrorTypes.
struct JsError : std::runtime_error {
  std::string kind;
  JsError(std::string kind_, const std::string& message)
      : std::runtime_error(message), kind(std::move(kind_)) {}
};

// What the addon keeps for each JavaScript environment (main thread or worker). Never freed: a borrowed
// buffer's deleter may run after its environment has ended.
struct Instance {
  napi_ref errorTypes = nullptr;
  std::mutex mutex;
  std::vector<napi_ref> released;  // references whose tensors are gone, deleted later on their own thread
};
Instance& instance(napi_env env);

using Fn = napi_value (*)(napi_env env, size_t argc, napi_value* argv);

void check(napi_env env, napi_status status, const char* what);  // throws unless napi_ok
void throwInJs(napi_env env, const char* kind, const std::string& message);
void throwCurrentException(napi_env env);  // inside a catch block

// Names what a library's own exceptions are in JavaScript, for addons that are linked with it: rethrows the
// current exception and returns whether it has thrown one in JavaScript for it.
using Translator = bool (*)(napi_env env);
void setTranslator(Translator translator);

// setErrorTypes({ KIND: class }): errors of a kind are thrown as instances of its class.
napi_value setErrorTypes(napi_env env, size_t, napi_value* argv);

std::string firstLine(const std::string& text);

template <Fn F, size_t N>
napi_value guarded(napi_env env, napi_callback_info info) {
  size_t argc = N;
  napi_value argv[N ? N : 1];
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  try {
    return F(env, argc, argv);
  } catch (...) {
    throwCurrentException(env);
    return nullptr;
  }
}

void defineFunction(napi_env env, napi_value exports, const char* name, napi_callback callback);

// Sets exports.name to F, which is called with at most N arguments; a missing one is undefined.
template <Fn F, size_t N>
void def(napi_env env, napi_value exports, const char* name) {
  defineFunction(env, exports, name, guarded<F, N>);
}

// Throws a TypeError-like JsError that names what was expected in the place of the value.
[[noreturn]] void expected(napi_env env, napi_value value, const char* what);

// ---- JavaScript to C++; each throws a TypeError-like JsError that names what it expected
int64_t toInt(napi_env env, napi_value value);
double toDouble(napi_env env, napi_value value);
bool toBool(napi_env env, napi_value value);
std::string toStr(napi_env env, napi_value value);
std::vector<int64_t> toInts(napi_env env, napi_value array);
std::vector<double> toDoubles(napi_env env, napi_value array);
std::vector<std::string> toStrs(napi_env env, napi_value array);
napi_valuetype typeOf(napi_env env, napi_value value);
bool isNil(napi_env env, napi_value value);  // null or undefined
napi_value property(napi_env env, napi_value object, const char* key);
uint32_t length(napi_env env, napi_value array);
napi_value element(napi_env env, napi_value array, uint32_t index);

// The memory of a typed array or Buffer, on an ArrayBuffer or a SharedArrayBuffer. Valid while the JS value
// lives.
struct Bytes {
  void* data;
  size_t size;
};
Bytes bytes(napi_env env, napi_value typedArray);

// ---- C++ to JavaScript
napi_value num(napi_env env, double value);
napi_value str(napi_env env, const std::string& value);
napi_value boolean(napi_env env, bool value);
napi_value undefined(napi_env env);
napi_value null(napi_env env);
napi_value array(napi_env env, size_t size);
napi_value object(napi_env env);
void set(napi_env env, napi_value object, const char* key, napi_value value);
void set(napi_env env, napi_value array, uint32_t index, napi_value value);

// A Buffer with a copy of the bytes.
napi_value fromBytes(napi_env env, std::span<const uint8_t> bytes);

}  // namespace lt
