// Calls of libtorch's operators by schema, boxed, through the dispatcher: the same path that PyTorch's Python
// takes.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include <deque>
#include <map>
#include <optional>
#include <sstream>

#include "common/addon.h"
#include "common/tensors.h"
#include "torch/dtypes.h"

namespace lt {
namespace {

enum class Kind : uint8_t {
  Tensor,
  Scalar,
  Int,
  Float,
  Bool,
  Str,
  Device,
  DType,
  MemoryFormat,
  Ints,
  Floats,
  Bools,
  Tensors,
  OptionalTensors,
  Scalars,
  Unsupported
};
enum class Result : uint8_t { Alias, Tensor, Other };

struct Argument {
  Kind kind;
  bool optional;
  std::optional<c10::IValue> fallback;
};

// An operator with the conversions its arguments need, worked out once.
struct Plan {
  c10::OperatorHandle op;
  std::vector<Argument> arguments;
  std::vector<Result> results;
};

Kind listKind(const c10::TypePtr& element) {
  using T = c10::TypeKind;
  switch (element->kind()) {
    case T::TensorType:
      return Kind::Tensors;
    case T::OptionalType:
      return element->expectRef<c10::OptionalType>().getElementType()->kind() == T::TensorType
                 ? Kind::OptionalTensors
                 : Kind::Unsupported;
    case T::IntType:
    case T::SymIntType:
      return Kind::Ints;
    case T::FloatType:
      return Kind::Floats;
    case T::BoolType:
      return Kind::Bools;
    case T::NumberType:
      return Kind::Scalars;
    default:
      return Kind::Unsupported;
  }
}

Kind kindOf(c10::TypePtr type, bool& optional) {
  using T = c10::TypeKind;
  optional = false;
  if (auto o = type->cast<c10::OptionalType>()) {
    optional = true;
    type = o->getElementType();
  }
  switch (type->kind()) {
    case T::TensorType:
      return Kind::Tensor;
    case T::NumberType:
      return Kind::Scalar;
    case T::IntType:
    case T::SymIntType:
      return Kind::Int;
    case T::ScalarTypeType:
      return Kind::DType;
    case T::MemoryFormatType:
      return Kind::MemoryFormat;
    case T::FloatType:
      return Kind::Float;
    case T::BoolType:
      return Kind::Bool;
    case T::StringType:
      return Kind::Str;
    case T::DeviceObjType:
      return Kind::Device;
    case T::ListType:
      return listKind(type->expectRef<c10::ListType>().getElementType());
    default:
      return Kind::Unsupported;
  }
}

Plan makePlan(const std::string& qualified) {
  const auto dot = qualified.find('.', qualified.find("::"));
  const std::string name = qualified.substr(0, dot),
                    overload = dot == std::string::npos ? "" : qualified.substr(dot + 1);
  Plan plan{c10::Dispatcher::singleton().findSchemaOrThrow(name.c_str(), overload.c_str()), {}, {}};
  for (const auto& argument : plan.op.schema().arguments()) {
    Argument converted{};
    converted.kind = kindOf(argument.real_type(), converted.optional);
    if (argument.default_value()) converted.fallback = *argument.default_value();
    plan.arguments.push_back(std::move(converted));
  }
  for (const auto& result : plan.op.schema().returns()) {
    bool optional;
    const bool alias = result.alias_info() && result.alias_info()->isWrite();
    plan.results.push_back(alias                                                  ? Result::Alias
                           : kindOf(result.real_type(), optional) == Kind::Tensor ? Result::Tensor
                                                                                  : Result::Other);
  }
  return plan;
}

// The plans in the order of the generated list; filled once by registerOperators, read without a lock
// afterwards.
std::mutex plansMutex;
std::vector<Plan> plans;

// A JavaScript number is a floating-point scalar and a bigint an integer: 2.0 never becomes an integer by
// accident.
c10::Scalar toScalar(napi_env env, napi_value value) {
  switch (typeOf(env, value)) {
    case napi_boolean:
      return c10::Scalar(toBool(env, value));
    case napi_bigint: {
      int64_t integer;
      bool lossless;
      napi_get_value_bigint_int64(env, value, &integer, &lossless);
      return c10::Scalar(integer);
    }
    default:
      return c10::Scalar(toDouble(env, value));
  }
}

template <class T, class Convert>
c10::List<T> toList(napi_env env, napi_value value, Convert convert) {
  c10::List<T> list;
  const uint32_t size = length(env, value);
  list.reserve(size);
  for (uint32_t i = 0; i < size; i++) list.push_back(convert(env, element(env, value, i)));
  return list;
}

c10::IValue toScalars(napi_env env, napi_value value) {
  c10::impl::GenericList list(c10::NumberType::get());
  const uint32_t size = length(env, value);
  for (uint32_t i = 0; i < size; i++) list.push_back(c10::IValue(toScalar(env, element(env, value, i))));
  return list;
}

c10::IValue toOptionalTensors(napi_env env, napi_value value) {
  c10::List<std::optional<at::Tensor>> list;
  for (auto& tensor : toTensors(env, value))
    list.push_back(tensor.defined() ? std::optional<at::Tensor>(std::move(tensor)) : std::nullopt);
  return list;
}

c10::IValue toIValue(napi_env env, napi_value value, const Argument& argument) {
  double handle;  // the common case first, without asking for the value's type
  if (argument.kind == Kind::Tensor && napi_get_value_double(env, value, &handle) == napi_ok)
    return table::get(static_cast<table::Handle>(handle));
  const auto type = typeOf(env, value);
  if (type == napi_undefined && argument.fallback) return *argument.fallback;
  if (type == napi_undefined || type == napi_null) {
    if (!argument.optional) throw JsError("TYPE", "a required argument is missing");
    return {};
  }
  switch (argument.kind) {
    case Kind::Tensor:
      return toTensor(env, value);
    case Kind::Scalar:
      return toScalar(env, value);
    case Kind::Int:
      return toInt(env, value);
    case Kind::Float:
      return toDouble(env, value);
    case Kind::Bool:
      return toBool(env, value);
    case Kind::Str:
      return toStr(env, value);
    case Kind::Device:
      return c10::Device(toStr(env, value));
    case Kind::DType:
      return static_cast<int64_t>(dtypeOf(toStr(env, value)));
    case Kind::MemoryFormat:
      return static_cast<int64_t>(memoryFormatOf(toStr(env, value)));
    case Kind::Ints:
      return toList<int64_t>(env, value, toInt);
    case Kind::Floats:
      return toList<double>(env, value, toDouble);
    case Kind::Bools:
      return toList<bool>(env, value, toBool);
    case Kind::Tensors:
      return toList<at::Tensor>(env, value,
                                [](napi_env e, napi_value v) -> at::Tensor { return toTensor(e, v); });
    case Kind::OptionalTensors:
      return toOptionalTensors(env, value);
    case Kind::Scalars:
      return toScalars(env, value);
    case Kind::Unsupported:
      break;
  }
  throw JsError("TYPE", "an argument of this type cannot be passed from JavaScript");
}

napi_value fromIValue(napi_env env, const c10::IValue& value) {
  if (value.isTensor()) return fromTensor(env, value.toTensor());
  if (value.isNone()) return null(env);
  if (value.isInt()) return num(env, static_cast<double>(value.toInt()));
  if (value.isDouble()) return num(env, value.toDouble());
  if (value.isBool()) return boolean(env, value.toBool());
  if (value.isScalar()) return num(env, value.toScalar().toDouble());
  if (value.isList()) {
    const auto items = value.toListRef();
    const napi_value result = array(env, items.size());
    for (uint32_t i = 0; i < items.size(); i++) set(env, result, i, fromIValue(env, items[i]));
    return result;
  }
  throw JsError("TYPE", "a result of type " + value.tagKind() + " cannot be passed to JavaScript");
}

napi_value resultOf(napi_env env, Result kind, c10::IValue& value) {
  if (kind == Result::Alias) return undefined(env);  // the caller already holds it
  if (kind == Result::Tensor) return fromTensor(env, std::move(value).toTensor());
  return fromIValue(env, value);
}

napi_value run(napi_env env, const Plan& plan, size_t argc, napi_value* argv) {
  torch::jit::Stack stack;
  stack.reserve(std::max(plan.arguments.size(), plan.results.size()));
  for (size_t i = 0; i < plan.arguments.size(); i++) {
    const Argument& argument = plan.arguments[i];
    if (i < argc)
      stack.push_back(toIValue(env, argv[i], argument));
    else if (argument.fallback)
      stack.push_back(*argument.fallback);
    else if (argument.optional)
      stack.emplace_back();
    else
      throw JsError("TYPE", "argument '" + plan.op.schema().arguments()[i].name() + "' is missing");
  }
  plan.op.callBoxed(&stack);
  if (plan.results.empty()) return undefined(env);
  if (plan.results.size() == 1) return resultOf(env, plan.results[0], stack[0]);
  const napi_value results = array(env, plan.results.size());
  for (uint32_t i = 0; i < plan.results.size(); i++)
    set(env, results, i, resultOf(env, plan.results[i], stack[i]));
  return results;
}

// call(operator, ...arguments): tensors are handles; undefined takes the schema's default.
napi_value call(napi_env env, size_t argc, napi_value* argv) {
  const Plan& plan = plans.at(static_cast<size_t>(toInt(env, argv[0])));
  const auto name = [&] {
    const std::string& qualified = plan.op.schema().name();
    return qualified.substr(qualified.find("::") + 2) + ": ";
  };
  try {
    return run(env, plan, argc - 1, argv + 1);
  } catch (const FreedTensor& e) {
    throw FreedTensor(name() + e.what());
  } catch (const JsError& e) {
    throw JsError(e.kind, name() + e.what());
  } catch (const c10::Error& e) {
    const std::string text = e.what_without_backtrace();
    throw JsError("TORCH", name() + text.substr(0, text.find('\n')));
  }
}

// registerOperators(["aten::add.Tensor", …]): position in the list is the number call() takes.
napi_value registerOperators(napi_env env, size_t, napi_value* argv) {
  std::lock_guard<std::mutex> lock(plansMutex);
  if (!plans.empty()) return undefined(env);  // another thread did
  std::vector<Plan> made;
  for (const auto& name : toStrs(env, argv[0])) made.push_back(makePlan(name));
  plans = std::move(made);
  return undefined(env);
}

// describeOperator("aten::add.Tensor") → its schema as data, for the code generator.
napi_value describeOperator(napi_env env, size_t, napi_value* argv) {
  const Plan plan = makePlan(toStr(env, argv[0]));
  const auto& schema = plan.op.schema();
  const napi_value result = object(env), arguments = array(env, plan.arguments.size()),
                   returns = array(env, plan.results.size());
  for (uint32_t i = 0; i < plan.arguments.size(); i++) {
    const napi_value argument = object(env);
    set(env, argument, "name", str(env, schema.arguments()[i].name()));
    set(env, argument, "type", str(env, schema.arguments()[i].real_type()->str()));
    set(env, argument, "hasDefault", boolean(env, plan.arguments[i].fallback.has_value()));
    set(env, argument, "supported", boolean(env, plan.arguments[i].kind != Kind::Unsupported));
    set(env, arguments, i, argument);
  }
  for (uint32_t i = 0; i < plan.results.size(); i++) {
    const napi_value value = object(env);
    set(env, value, "type", str(env, schema.returns()[i].real_type()->str()));
    set(env, value, "alias", boolean(env, plan.results[i] == Result::Alias));
    set(env, returns, i, value);
  }
  std::ostringstream text;
  text << schema;
  set(env, result, "schema", str(env, text.str()));
  set(env, result, "arguments", arguments);
  set(env, result, "returns", returns);
  return result;
}

}  // namespace

void initOperators(napi_env env, napi_value exports) {
  def<call, 32>(env, exports, "call");
  def<registerOperators, 1>(env, exports, "registerOperators");
  def<describeOperator, 1>(env, exports, "describeOperator");
}

}  // namespace lt
