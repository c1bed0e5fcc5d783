// The kernels of one instruction set S, as the rest of the program calls them.
#pragma once
#include "kernels/simd/convolve.h"
#include "kernels/simd/weights.h"

namespace lt::kernels {

template <class S>
void convolvePlain(const Convolution& job, Part part, float* scratch) {
  Store<S> store{job.output, job.channels.outputs};
  convolve<S>(job, Plain<S>{job.input, job.channels.inputs}, store, part, scratch);
}

template <class S>
void sumPlainWeightGradient(const WeightGradient& job, Part part, float* scratch) {
  sumWeightGradient<S>(job, Plain<S>{job.input, job.channels.inputs}, Plain<S>{job.gradient, job.channels.outputs}, part, scratch);
}

template <class S>
constexpr Kernels kernelsOf(const char* name) {
  return {name, S::width, transformWeights<S>, convolvePlain<S>, sumPlainWeightGradient<S>, endWeightGradient<S>};
}

}  // namespace lt::kernels
