// The kernels of one instruction set S, as the rest of the program calls them.
#pragma once
#include "kernels/simd/convolve.h"
#include "kernels/simd/pixels.h"
#include "kernels/simd/readers.h"
#include "kernels/simd/weights.h"
#include "kernels/simd/writers.h"

namespace lt::kernels {

template <class S, class Reader>
void convolveRead(const Convolution& job, const Reader& reader, Part part, float* memory) {
  if (!job.sums) return convolve<S>(job, reader, Store<S>{job.output}, part, memory);
  const int outputs = job.channels.outputs;
  float* block = Worker<S>(job.images, job.channels, memory).scratch.sums;
  convolve<S>(job, reader, StoreSums<S>{job.output, Sums<S>(job.sums, block, outputs)}, part, memory);
}

template <class S, bool Added>
void convolveNormalized(const Convolution& job, Part part, float* memory) {
  const float least = job.relu ? 0 : -__builtin_inff();
  const StoreNormalized<S, Added> writer{job.output, job.outputScale, job.outputShift, job.shortcut, least};
  convolve<S>(job, Plain<S>{job.input, job.channels.inputs}, writer, part, memory);
}

template <class S>
void convolveAny(const Convolution& job, Part part, float* memory) {
  if (job.outputScale)
    return job.shortcut ? convolveNormalized<S, true>(job, part, memory)
                        : convolveNormalized<S, false>(job, part, memory);
  if (job.scale)
    return convolveRead<S>(job, Normalized<S>{job.input, job.scale, job.shift, job.channels.inputs}, part,
                           memory);
  convolveRead<S>(job, Plain<S>{job.input, job.channels.inputs}, part, memory);
}

template <class S>
void sumPlainWeightGradient(const WeightGradient& job, Part part, float* memory) {
  sumWeightGradient<S>(job, Plain<S>{job.input, job.channels.inputs},
                       Plain<S>{job.gradient, job.channels.outputs}, part, memory);
}

template <class S>
void backwardAny(const Backward& job, Part part, float* memory) {
  const int inputs = job.channels.inputs;
  const Differentiated<S> gradient{job.gradient, job.channels.outputs};
  const Plain<S> plain{job.input, inputs};
  if (!job.sums)
    return backward<S>(job, plain, gradient, StoreAdded<S>{job.inputGradient, job.shortcut}, part, memory);
  const Sums<S> sums(job.sums, Worker<S>(job.images, job.channels, memory).scratch.sums, inputs);
  if (job.scale)
    backward<S>(job, Normalized<S>{job.input, job.scale, job.shift, inputs}, gradient,
                StoreMaskedSums<S>{job.inputGradient, job.normalized, job.scale, job.shift, job.mean, sums},
                part, memory);
  else
    backward<S>(job, plain, gradient,
                StoreAddedSums<S>{job.inputGradient, job.shortcut, job.input, job.normalized, job.mean, sums},
                part, memory);
}

template <class S>
constexpr Kernels kernelsOf(const char* name) {
  return {name,
          S::width,
          transformWeights<S>,
          convolveAny<S>,
          sumPlainWeightGradient<S>,
          endWeightGradient<S>,
          backwardAny<S>,
          sumPixels<S>,
          normalizePixels<S>,
          maskPixels<S>,
          normGradientPixels<S>};
}

}  // namespace lt::kernels
