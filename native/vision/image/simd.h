// Code for AVX2 beside code for any x86-64 processor, of which one is chosen at run time. Both give the same
// bytes: AVX2 alone has no fused multiply-add, so that float arithmetic rounds the same.
#pragma once
#include <cstdlib>
#include <string_view>

// A function with AVX2's instructions, to be called only where hasAvx2().
#define LT_AVX2 __attribute__((target("avx2")))

// A function with plain loops that the compiler builds twice: for any processor, and with AVX2.
#define LT_AVX2_TOO __attribute__((target_clones("avx2", "default")))

namespace lt::vision {

// Whether this processor has AVX2 and the environment variable LONGTAIL_SIMD does not say "portable" (for
// tests).
inline bool hasAvx2() {
  static const bool has = [] {
    const char* choice = std::getenv("LONGTAIL_SIMD");
    return __builtin_cpu_supports("avx2") && !(choice && std::string_view(choice) == "portable");
  }();
  return has;
}

}  // namespace lt::vision
