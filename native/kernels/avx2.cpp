// The kernels in AVX2 with FMA. What comes before the pragma is compiled for every x86-64 processor; what
// comes after it is called only where the processor has these instructions (kernelsFor). The templates after
// it take their instruction set as a type of this file, so that the linker cannot give their code to anyone
// else.
#include <immintrin.h>

#include "kernels/scratch.h"

#pragma GCC target("avx2,fma")

namespace lt::kernels {
namespace {

struct Avx2 {
  static constexpr int kWidth = 8;
  using Vec = __m256;
  static inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
  static inline void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
  // The first `count` values; the others are 0, and memory beyond is not touched.
  static inline Vec loadSome(const float* p, int count) { return _mm256_maskload_ps(p, first(count)); }
  static inline void storeSome(float* p, Vec v, int count) { _mm256_maskstore_ps(p, first(count), v); }
  static inline __m256i first(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static inline Vec fill(float f) { return _mm256_set1_ps(f); }
  static inline Vec plus(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }    // c + a·b
  static inline Vec minus(Vec a, Vec b, Vec c) { return _mm256_fnmadd_ps(a, b, c); }  // c − a·b
  static inline Vec max(Vec minimum, Vec v) { return _mm256_max_ps(minimum, v); }     // NaN stays NaN
  static inline Vec min(Vec maximum, Vec v) { return _mm256_min_ps(maximum, v); }     // NaN stays NaN
  static inline Vec relu(Vec v) { return max(_mm256_setzero_ps(), v); }
  // v where `by` is above 0 or NaN, else 0
  static inline Vec where(Vec by, Vec v) {
    return _mm256_and_ps(v, _mm256_cmp_ps(by, _mm256_setzero_ps(), _CMP_NLE_UQ));
  }
};

}  // namespace
}  // namespace lt::kernels

#include "kernels/simd/table.h"

namespace lt::kernels {
constinit const Kernels kAvx2 = kernelsOf<Avx2>("AVX2");
}
