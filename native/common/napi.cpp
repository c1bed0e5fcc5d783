#include "common/napi.h"

#include <atomic>

namespace lt {

namespace {
std::atomic<Translator> knownTranslator = nullptr;
}  // namespace

void expected(napi_env env, napi_value value, const char* what) {
  static constexpr const char* kNames[] = {"undefined", "null",      "a boolean",  "a number",    "a string",
                                           "a symbol",  "an object", "a function", "an external", "a bigint"};
  throw JsError("TYPE", std::string("expected ") + what + ", received " + kNames[typeOf(env, value)]);
}

// Messages of libraries go on for lines (schemas, hints, the C++ stack): the first line says what is wrong.
std::string firstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

void setTranslator(Translator translator) { knownTranslator = translator; }

napi_value setErrorTypes(napi_env env, size_t, napi_value* argv) {
  check(env, napi_create_reference(env, argv[0], 1, &instance(env).errorTypes), "napi_create_reference");
  return undefined(env);
}

void check(napi_env env, napi_status status, const char* what) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) throw JsError("PENDING", what);
  throw JsError("NAPI", std::string(what) + " failed with Node-API status " + std::to_string(status));
}

Instance& instance(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  if (!data) {
    data = new Instance;
    napi_set_instance_data(env, data, nullptr, nullptr);
  }
  return *static_cast<Instance*>(data);
}

void throwInJs(napi_env env, const char* kind, const std::string& message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) return;
  napi_value types = nullptr, constructor, text, error;
  napi_ref known = instance(env).errorTypes;
  if (known && napi_get_reference_value(env, known, &types) == napi_ok && types &&
      napi_get_named_property(env, types, kind, &constructor) == napi_ok &&
      typeOf(env, constructor) == napi_function &&
      napi_create_string_utf8(env, message.data(), message.size(), &text) == napi_ok &&
      napi_new_instance(env, constructor, 1, &text, &error) == napi_ok) {
    napi_throw(env, error);
    return;
  }
  napi_throw_error(env, kind, message.c_str());
}

void throwCurrentException(napi_env env) {
  if (const Translator translate = knownTranslator; translate && translate(env)) return;
  try {
    throw;
  } catch (const JsError& e) {
    throwInJs(env, e.kind.c_str(), e.what());
  } catch (const std::exception& e) {
    throwInJs(env, "NATIVE", firstLine(e.what()));
  }
}

void defineFunction(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function),
        "napi_create_function");
  set(env, exports, name, function);
}

napi_valuetype typeOf(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type;
}

bool isNil(napi_env env, napi_value value) {
  const auto type = typeOf(env, value);
  return type == napi_undefined || type == napi_null;
}

int64_t toInt(napi_env env, napi_value value) {
  int64_t result;
  if (napi_get_value_int64(env, value, &result) != napi_ok) expected(env, value, "a number");
  return result;
}

double toDouble(napi_env env, napi_value value) {
  double result;
  if (napi_get_value_double(env, value, &result) != napi_ok) expected(env, value, "a number");
  return result;
}

bool toBool(napi_env env, napi_value value) {
  bool result;
  if (napi_get_value_bool(env, value, &result) != napi_ok) expected(env, value, "a boolean");
  return result;
}

std::string toStr(napi_env env, napi_value value) {
  size_t size;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) expected(env, value, "a string");
  std::string result(size, '\0');
  napi_get_value_string_utf8(env, value, result.data(), size + 1, &size);
  return result;
}

uint32_t length(napi_env env, napi_value array) {
  uint32_t size;
  if (napi_get_array_length(env, array, &size) != napi_ok) expected(env, array, "an array");
  return size;
}

napi_value element(napi_env env, napi_value array, uint32_t index) {
  napi_value result;
  check(env, napi_get_element(env, array, index, &result), "napi_get_element");
  return result;
}

namespace {
template <class T, T (*Convert)(napi_env, napi_value)>
std::vector<T> toVector(napi_env env, napi_value array) {
  const uint32_t size = length(env, array);
  std::vector<T> result;
  result.reserve(size);
  for (uint32_t i = 0; i < size; i++) result.push_back(Convert(env, element(env, array, i)));
  return result;
}
}  // namespace

std::vector<int64_t> toInts(napi_env env, napi_value array) { return toVector<int64_t, toInt>(env, array); }
std::vector<double> toDoubles(napi_env env, napi_value array) {
  return toVector<double, toDouble>(env, array);
}
std::vector<std::string> toStrs(napi_env env, napi_value array) {
  return toVector<std::string, toStr>(env, array);
}

napi_value property(napi_env env, napi_value object, const char* key) {
  napi_value result;
  check(env, napi_get_named_property(env, object, key, &result), key);
  return result;
}

Bytes bytes(napi_env env, napi_value typedArray) {
  static constexpr size_t kWidths[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  napi_typedarray_type type;
  size_t size, offset;
  void* data;
  napi_value buffer;
  if (napi_get_typedarray_info(env, typedArray, &type, &size, &data, &buffer, &offset) != napi_ok)
    expected(env, typedArray, "a typed array");
  return {data, size * kWidths[type]};
}

napi_value num(napi_env env, double value) {
  napi_value result;
  check(env, napi_create_double(env, value, &result), "napi_create_double");
  return result;
}

napi_value str(napi_env env, const std::string& value) {
  napi_value result;
  check(env, napi_create_string_utf8(env, value.data(), value.size(), &result), "napi_create_string_utf8");
  return result;
}

napi_value boolean(napi_env env, bool value) {
  napi_value result;
  check(env, napi_get_boolean(env, value, &result), "napi_get_boolean");
  return result;
}

napi_value undefined(napi_env env) {
  napi_value result;
  check(env, napi_get_undefined(env, &result), "napi_get_undefined");
  return result;
}

napi_value null(napi_env env) {
  napi_value result;
  check(env, napi_get_null(env, &result), "napi_get_null");
  return result;
}

napi_value array(napi_env env, size_t size) {
  napi_value result;
  check(env, napi_create_array_with_length(env, size, &result), "napi_create_array_with_length");
  return result;
}

napi_value object(napi_env env) {
  napi_value result;
  check(env, napi_create_object(env, &result), "napi_create_object");
  return result;
}

void set(napi_env env, napi_value object, const char* key, napi_value value) {
  check(env, napi_set_named_property(env, object, key, value), key);
}

void set(napi_env env, napi_value array, uint32_t index, napi_value value) {
  check(env, napi_set_element(env, array, index, value), "napi_set_element");
}

napi_value fromBytes(napi_env env, std::span<const uint8_t> bytes) {
  napi_value result;
  check(env, napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &result),
        "napi_create_buffer_copy");
  return result;
}

}  // namespace lt
