#include "vision/bindings/conversions.h"

#include "vision/sources/decoded-source.h"

namespace lt::vision {
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

// Reads properties of an object and remembers those whose memory was borrowed.
class Properties {
 public:
  Properties(napi_env env, napi_value object) : env_(env), object_(object) {}

  napi_value get(const char* key) const { return property(env_, object_, key); }
  int integer(const char* key) const { return static_cast<int>(toInt(env_, get(key))); }
  std::string text(const char* key) const { return toStr(env_, get(key)); }
  std::vector<std::string> texts(const char* key) const { return toStrs(env_, get(key)); }

  template <typename T>
  std::span<const T> memory(const char* key) {
    const napi_value array = get(key);
    borrowed.push_back(array);
    const Bytes found = bytes(env_, array);
    return {static_cast<const T*>(found.data), found.size / sizeof(T)};
  }

  Properties inside(const char* key) const { return {env_, get(key)}; }

  std::vector<napi_value> borrowed;

 private:
  napi_env env_;
  napi_value object_;
};

std::unique_ptr<const Source> make(Properties& pixels) {
  const std::string kind = pixels.text("kind");
  if (kind == "files") return std::make_unique<FileSource>(pixels.texts("paths"));
  if (kind == "spans") {
    const SpanSource::Spans spans{pixels.memory<int32_t>("file"), pixels.memory<double>("offsets"),
                                  pixels.memory<int32_t>("lengths")};
    return std::make_unique<SpanSource>(pixels.texts("files"), spans);
  }
  if (kind == "encoded")
    return std::make_unique<EncodedSource>(pixels.memory<uint8_t>("bytes"), pixels.memory<double>("offsets"));
  if (kind == "packed") {
    const auto memory = pixels.memory<uint8_t>("bytes");
    return std::make_unique<PackedSource>(memory.data(), memory.size(), pixels.integer("height"),
                                          pixels.integer("width"));
  }
  if (kind == "decoded") {
    Properties before = pixels.inside("origin");
    auto origin = make(before);
    pixels.borrowed.insert(pixels.borrowed.end(), before.borrowed.begin(), before.borrowed.end());
    const auto start = static_cast<size_t>(pixels.integer("start"));
    return std::make_unique<DecodedSource>(
        std::move(origin), pixels.text("path"),
        DecodedSource::Layout{start, pixels.memory<int32_t>("heights"), pixels.memory<int32_t>("widths"),
                              pixels.memory<int32_t>("checksums")});
  }
  throw JsError("TYPE", "expected pixels of kind files, spans, encoded, packed or decoded, received " + kind);
}

}  // namespace

TransformPtr toTransform(napi_env env, napi_value spec) {
  return makeTransform(toStr(env, property(env, spec, "kind")), JsOptions(env, spec));
}

Pipeline toPipeline(napi_env env, napi_value list) {
  Pipeline pipeline;
  for (uint32_t i = 0; i < length(env, list); i++) pipeline.add(toTransform(env, element(env, list, i)));
  return pipeline;
}

BorrowingSource toSource(napi_env env, napi_value object) {
  Properties pixels(env, object);
  auto source = make(pixels);
  return {std::move(source), std::move(pixels.borrowed)};
}

}  // namespace lt::vision
