// The kernels in AVX-512. What comes before the pragma is compiled for every x86-64 processor; what comes
// after it is called only where the processor has these instructions (kernelsFor). The templates after it
// take their instruction set as a type of this file, so that the linker cannot give their code to anyone
// else.
// GCC 12 takes the undefined operands inside its own intrinsics for uninitialized variables.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include "kernels/scratch.h"

#pragma GCC target("avx512f")

namespace lt::kernels {
namespace {

struct Avx512 {
  static constexpr int kWidth = 16;
  using Vec = __m512;
  static inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
  static inline void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
  // The first `count` values; the others are 0, and memory beyond is not touched.
  static inline Vec loadSome(const float* p, int count) { return _mm512_maskz_loadu_ps(first(count), p); }
  static inline void storeSome(float* p, Vec v, int count) { _mm512_mask_storeu_ps(p, first(count), v); }
  static inline __mmask16 first(int count) { return static_cast<__mmask16>((1u << count) - 1); }
  static inline Vec fill(float f) { return _mm512_set1_ps(f); }
  static inline Vec plus(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }    // c + a·b
  static inline Vec minus(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }  // c − a·b
  static inline Vec max(Vec minimum, Vec v) { return _mm512_max_ps(minimum, v); }     // NaN stays NaN
  static inline Vec min(Vec maximum, Vec v) { return _mm512_min_ps(maximum, v); }     // NaN stays NaN
  static inline Vec relu(Vec v) { return max(_mm512_setzero_ps(), v); }
  // v where `by` is above 0 or NaN, else 0
  static inline Vec where(Vec by, Vec v) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(by, _mm512_setzero_ps(), _CMP_NLE_UQ), v);
  }
};

}  // namespace
}  // namespace lt::kernels

#include "kernels/simd/table.h"

namespace lt::kernels {
constinit const Kernels kAvx512 = kernelsOf<Avx512>("AVX-512");
}
