// The passes over a part of the strips, block by block.
#pragma once
#include "kernels/simd/product.h"
#include "kernels/simd/rows.h"
#include "kernels/simd/tiles.h"

namespace lt::kernels {

// Calls block(first strip, end, tiles) for consecutive strips of the part that together have at most a block's tiles.
template <class Block>
inline void forBlocks(const Strips& strips, Part part, const Block& block) {
  const int64_t end = strips.count * (part.index + 1) / part.of;
  for (int64_t first = strips.count * part.index / part.of; first < end;) {
    int64_t next = first;
    int tiles = 0;
    for (; next < end && tiles + strips.at(next).tiles <= kBlockTiles; next++) tiles += strips.at(next).tiles;
    block(first, next, tiles);
    first = next;
  }
}

template <class S, class Reader, class Writer>
void convolve(const Convolution& job, const Reader& reader, Writer& writer, Part part, float* memory) {
  const auto [inputs, outputs] = job.channels;
  const Strips strips(job.images);
  const Scratch scratch(memory, strips, inputs > outputs ? inputs : outputs);
  const int64_t vPlane = Scratch::planeStride(inputs), mPlane = Scratch::planeStride(outputs);
  Rows<S, Reader> rows(job.images, strips, inputs, reader, scratch.rows);
  const float* pixels[kWindow];
  forBlocks(strips, part, [&](int64_t first, int64_t end, int tiles) {
    for (int64_t s = first, tile = 0; s < end; s++) {
      const Strip strip = strips.at(s);
      rows.load(strip, pixels);
      transformInput<S>(pixels, strip.tiles, inputs, scratch.halfWay, scratch.first + tile * inputs, vPlane);
      tile += strip.tiles;
    }
    multiplyWithWeights<S>(scratch.first, vPlane, job.transformed, scratch.second, mPlane, tiles, job.channels);
    for (int64_t s = first, tile = 0; s < end; s++) {
      const Strip strip = strips.at(s);
      transformOutput<S>(scratch.second + tile * outputs, mPlane, strip, job.images, outputs, writer);
      tile += strip.tiles;
    }
  });
}

template <class S, class InputReader, class GradientReader>
void sumWeightGradient(const WeightGradient& job, const InputReader& inputReader, const GradientReader& gradientReader, Part part, float* memory) {
  const auto [inputs, outputs] = job.channels;
  const Strips strips(job.images);
  const Scratch scratch(memory, strips, inputs > outputs ? inputs : outputs);
  const int64_t vPlane = Scratch::planeStride(inputs), dPlane = Scratch::planeStride(outputs);
  const float* pixels[kWindow];
  clear<S>(job.sum, transformedWeights(job.channels));
  forBlocks(strips, part, [&](int64_t first, int64_t end, int tiles) {
    Rows<S, InputReader> inputRows(job.images, strips, inputs, inputReader, scratch.rows);
    for (int64_t s = first, tile = 0; s < end; s++) {
      const Strip strip = strips.at(s);
      inputRows.load(strip, pixels);
      transformInput<S>(pixels, strip.tiles, inputs, scratch.halfWay, scratch.first + tile * inputs, vPlane);
      tile += strip.tiles;
    }
    Rows<S, GradientReader> gradientRows(job.images, strips, outputs, gradientReader, scratch.rows);
    for (int64_t s = first, tile = 0; s < end; s++) {
      const Strip strip = strips.at(s);
      gradientRows.load(strip, pixels);
      transformGradient<S>(pixels, strip.tiles, outputs, scratch.second + tile * outputs, dPlane);
      tile += strip.tiles;
    }
    addWeightGradient<S>(scratch.first, vPlane, scratch.second, dPlane, job.sum, tiles, job.channels);
  });
}

}  // namespace lt::kernels
