// Names of element types and memory formats, as JavaScript spells them.
#pragma once
#include <c10/core/MemoryFormat.h>
#include <c10/core/ScalarType.h>

#include <string>
#include <utility>

#include "common/napi.h"

namespace lt {

inline constexpr std::pair<const char*, c10::ScalarType> kDTypes[] = {
    {"float32", c10::kFloat}, {"float64", c10::kDouble}, {"int64", c10::kLong}, {"int32", c10::kInt},
    {"int16", c10::kShort},   {"int8", c10::kChar},      {"uint8", c10::kByte}, {"bfloat16", c10::kBFloat16},
    {"float16", c10::kHalf},  {"bool", c10::kBool},
};

inline c10::ScalarType dtypeOf(const std::string& name) {
  for (const auto& [known, type] : kDTypes)
    if (name == known) return type;
  throw JsError("TYPE", "expected an element type such as float32, received '" + name + "'");
}

inline std::string dtypeName(c10::ScalarType type) {
  for (const auto& [name, known] : kDTypes)
    if (type == known) return name;
  return c10::toString(type);
}

inline c10::MemoryFormat memoryFormatOf(const std::string& name) {
  if (name == "channels_last") return c10::MemoryFormat::ChannelsLast;
  if (name == "contiguous") return c10::MemoryFormat::Contiguous;
  if (name == "preserve") return c10::MemoryFormat::Preserve;
  throw JsError("TYPE",
                "expected a memory format (contiguous, channels_last or preserve), received '" + name + "'");
}

}  // namespace lt
