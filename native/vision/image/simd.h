// Loops that the compiler makes twice: for any x86-64 processor, and with AVX2, which is chosen at run time.
#pragma once

// Both give the same bytes: AVX2 alone has no fused multiply-add, so that float arithmetic rounds the same.
#define LT_AVX2_TOO __attribute__((target_clones("avx2", "default")))

namespace lt {

// Whether this processor has AVX2 and the environment variable LONGTAIL_SIMD does not say "portable" (for
// tests).
bool hasAvx2();

}  // namespace lt
