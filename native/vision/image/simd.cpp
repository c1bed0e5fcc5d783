#include "vision/image/simd.h"

#include <cstdlib>
#include <string_view>

namespace lt {

bool hasAvx2() {
  static const bool has = [] {
    const char* choice = std::getenv("LONGTAIL_SIMD");
    return __builtin_cpu_supports("avx2") && !(choice && std::string_view(choice) == "portable");
  }();
  return has;
}

}  // namespace lt
