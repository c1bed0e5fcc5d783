#include "vision/bindings/conversions.h"

namespace lt {
namespace {

class JsOptions : public Options {
 public:
  JsOptions(napi_env env, napi_value object) : env_(env), object_(object) {}
  double number(const char* key) const override { return toDouble(env_, value(key)); }
  std::vector<double> numbers(const char* key) const override {
    bool isList = false;
    napi_is_array(env_, value(key), &isList);
    return isList ? toDoubles(env_, value(key)) : std::vector<double>{number(key)};
  }
  std::string text(const char* key) const override { return toStr(env_, value(key)); }
  bool flag(const char* key) const override { return toBool(env_, value(key)); }

 private:
  napi_value value(const char* key) const { return property(env_, object_, key); }

  napi_env env_;
  napi_value object_;
};

}  // namespace

TransformPtr toTransform(napi_env env, napi_value spec) {
  return makeTransform(toStr(env, property(env, spec, "kind")), JsOptions(env, spec));
}

Pipeline toPipeline(napi_env env, napi_value list) {
  Pipeline pipeline;
  for (uint32_t i = 0; i < length(env, list); i++) pipeline.add(toTransform(env, element(env, list, i)));
  return pipeline;
}

}  // namespace lt
