// The kernels of one instruction set S, as the rest of the program calls them.
#pragma once
#include "kernels/simd/convolve.h"
#include "kernels/simd/epilogues.h"
#include "kernels/simd/im2col.h"
#include "kernels/simd/inverted-residual.h"
#include "kernels/simd/pixels.h"
#include "kernels/simd/prologues.h"
#include "kernels/simd/weights.h"

namespace lt::kernels {

template <class S, class Prologue>
void convolveWith(const Convolution& job, const Prologue& prologue, Chunk chunk, float* memory) {
  if (!job.sums) return convolve<S>(job, prologue, Store<S>{job.output}, chunk, memory);
  const int outputs = job.channels.outputs;
  float* block = Worker<S>(job.images, job.channels, memory).scratch.sums;
  convolve<S>(job, prologue, StoreMoments<S>{job.output, Moments<S>(job.sums, block, outputs)}, chunk,
              memory);
}

template <class S, bool Added>
void convolveNormalized(const Convolution& job, Chunk chunk, float* memory) {
  const float minimum = job.relu ? 0 : -__builtin_inff();
  const StoreNormalized<S, Added> epilogue{job.output, job.outputScale, job.outputShift, job.shortcut,
                                           minimum};
  convolve<S>(job, Identity<S>{job.input, job.channels.inputs}, epilogue, chunk, memory);
}

template <class S>
void convolveAny(const Convolution& job, Chunk chunk, float* memory) {
  if (job.outputScale)
    return job.shortcut ? convolveNormalized<S, true>(job, chunk, memory)
                        : convolveNormalized<S, false>(job, chunk, memory);
  if (job.scale)
    return convolveWith<S>(job, NormRelu<S>{job.input, job.scale, job.shift, job.channels.inputs}, chunk,
                           memory);
  convolveWith<S>(job, Identity<S>{job.input, job.channels.inputs}, chunk, memory);
}

template <class S>
void sumPlainWeightGradient(const WeightGradient& job, Chunk chunk, float* memory) {
  sumWeightGradient<S>(job, Identity<S>{job.input, job.channels.inputs},
                       Identity<S>{job.gradient, job.channels.outputs}, chunk, memory);
}

template <class S>
void backwardAny(const Backward& job, Chunk chunk, float* memory) {
  const int inputs = job.channels.inputs;
  const NormBackward<S> gradient{job.gradient, job.channels.outputs};
  const Identity<S> plain{job.input, inputs};
  if (!job.sums)
    return backward<S>(job, plain, gradient, StoreAdded<S>{job.inputGradient, job.shortcut}, chunk, memory);
  const Sums<S> sums(job.sums, Worker<S>(job.images, job.channels, memory).scratch.sums, inputs);
  if (job.scale)
    backward<S>(job, NormRelu<S>{job.input, job.scale, job.shift, inputs}, gradient,
                StoreMaskedSums<S>{job.inputGradient, job.normalized, job.scale, job.shift, job.mean, sums},
                chunk, memory);
  else
    backward<S>(job, plain, gradient,
                StoreAddedSums<S>{job.inputGradient, job.shortcut, job.input, job.normalized, job.mean, sums},
                chunk, memory);
}

template <class S>
constexpr Kernels kernelsOf(const char* name) {
  return {name,
          S::kWidth,
          transformWeights<S>,
          convolveAny<S>,
          sumPlainWeightGradient<S>,
          endWeightGradient<S>,
          backwardAny<S>,
          sumPixels<S>,
          normalizePixels<S>,
          maskPixels<S>,
          normGradientPixels<S>,
          im2colConvolution<S>,
          pointwiseImages<S>,
          invertedResidual<S>};
}

}  // namespace lt::kernels
