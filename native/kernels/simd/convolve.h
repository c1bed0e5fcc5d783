// The passes over a chunk of the strips, block by block.
#pragma once
#include "kernels/simd/epilogues.h"
#include "kernels/simd/product.h"
#include "kernels/simd/rows.h"
#include "kernels/simd/tiles.h"

namespace lt::kernels {

// Consecutive strips that together have at most a block's tiles.
struct Block {
  int64_t first, end;  // strips
  int tiles;
};

template <class Work>
inline void forBlocks(const Strips& strips, Chunk chunk, const Work& work) {
  const int64_t end = strips.count * (chunk.index + 1) / chunk.count;
  for (int64_t first = strips.count * chunk.index / chunk.count; first < end;) {
    Block block{first, first, 0};
    for (; block.end < end && block.tiles + strips.at(block.end).tiles <= kBlockTiles; block.end++)
      block.tiles += strips.at(block.end).tiles;
    work(block);
    first = block.end;
  }
}

inline int64_t firstPixel(const Strip& strip, const Images& images) {
  return (strip.image * images.height + strip.row * kTile) * images.width + strip.column * kTile;
}

// The strip's outputs that lie within the image.
inline int64_t pixelsOf(const Strip& strip, const Images& images) {
  const int64_t below = images.height - strip.row * kTile, right = images.width - strip.column * kTile;
  const int64_t width = static_cast<int64_t>(strip.tiles) * kTile;
  return (below < kTile ? below : kTile) * (right < width ? right : width);
}

// Calls work(strip, its first tile within the block).
template <class Work>
inline void forStrips(const Strips& strips, const Block& block, const Work& work) {
  for (int64_t s = block.first, tile = 0; s < block.end; s++) {
    const Strip strip = strips.at(s);
    work(strip, tile);
    tile += strip.tiles;
  }
}

// One thread's work on images cut into strips.
template <class S>
class Worker {
 public:
  Worker(const Images& images, const Channels& channels, float* memory)
      : images(images),
        channels(channels),
        strips(images),
        scratch(memory, strips, channels.inputs > channels.outputs ? channels.inputs : channels.outputs) {}

  // Transforms the block's windows into scratch.windows (transformInput), their tiles into scratch.tiles
  // (transformGradient), or both.
  template <bool Windows, bool Tiles, class Prologue>
  inline void read(const Block& block, Rows<S, Prologue>& rows, int count) const {
    const float* pixels[kWindow];
    withChannels(count, [&](auto layout) {
      forStrips(strips, block, [&](const Strip& strip, int64_t tile) {
        rows.load(strip, pixels);
        if (Windows)
          transformInput<S>(pixels, strip.tiles, layout, scratch.halfWay, scratch.windows + tile * count);
        if (Tiles) transformGradient<S>(pixels, strip.tiles, layout, scratch.tiles + tile * count);
      });
    });
  }

  // Multiplies scratch.windows by transformed weights, transforms the products back and hands them to the
  // epilogue.
  template <class Epilogue>
  inline void multiply(const Block& block, Channels of, const float* weights, Epilogue& epilogue) const {
    const int64_t vPlane = Scratch::planeStride(of.inputs), mPlane = Scratch::planeStride(of.outputs);
    multiplyWithWeights<S>(scratch.windows, vPlane, weights, scratch.products, mPlane, block.tiles, of);
    int64_t pixels = 0;
    withChannels(of.outputs, [&](auto layout) {
      forStrips(strips, block, [&](const Strip& strip, int64_t tile) {
        const float* products = scratch.products + tile * of.outputs;
        if constexpr (requires { epilogue.moments; }) takePilot(products, strip, layout, epilogue);
        transformOutput<S>(products, strip, images, layout, epilogue);
        pixels += pixelsOf(strip, images);
      });
    });
    epilogue.endBlock(pixels);
  }

  // Adds the product of scratch.windows, of the input, and scratch.tiles, of the output's gradient.
  inline void addWeightGradient(const Block& block, float* sum) const {
    kernels::addWeightGradient<S>(scratch.windows, Scratch::planeStride(channels.inputs), scratch.tiles,
                                  Scratch::planeStride(channels.outputs), sum, block.tiles, channels);
  }

  const Images images;
  const Channels channels;
  const Strips strips;
  const Scratch scratch;

 private:
  // The chunk's first tile is written once more, without moments, for its first pixel.
  template <class Layout>
  inline void takePilot(const float* products, const Strip& strip, Layout layout,
                        StoreMoments<S>& epilogue) const {
    if (epilogue.moments.hasPilot()) return;
    Store<S> plain{epilogue.images};
    transformOutput<S>(products, {strip.image, strip.row, strip.column, 1}, images, layout, plain);
    epilogue.moments.setPilot(epilogue.images + firstPixel(strip, images) * layout.channels());
  }
};

template <class S, class Prologue, class Epilogue>
void convolve(const Convolution& job, const Prologue& prologue, Epilogue epilogue, Chunk chunk,
              float* memory) {
  const Worker<S> worker(job.images, job.channels, memory);
  Rows<S, Prologue> rows(job.images, worker.strips, job.channels.inputs, prologue, worker.scratch.rows);
  forBlocks(worker.strips, chunk, [&](const Block& block) {
    worker.template read<true, false>(block, rows, job.channels.inputs);
    worker.multiply(block, job.channels, job.transformed, epilogue);
  });
}

template <class S, class InputPrologue, class GradientPrologue>
void sumWeightGradient(const WeightGradient& job, const InputPrologue& input,
                       const GradientPrologue& gradient, Chunk chunk, float* memory) {
  const Worker<S> worker(job.images, job.channels, memory);
  Rows<S, InputPrologue> inputRows(job.images, worker.strips, job.channels.inputs, input,
                                   worker.scratch.rows);
  Rows<S, GradientPrologue> gradientRows(job.images, worker.strips, job.channels.outputs, gradient,
                                         worker.scratch.moreRows);
  clear<S>(job.sum, transformedSize(job.channels));
  forBlocks(worker.strips, chunk, [&](const Block& block) {
    worker.template read<true, false>(block, inputRows, job.channels.inputs);
    worker.template read<false, true>(block, gradientRows, job.channels.outputs);
    worker.addWeightGradient(block, job.sum);
  });
}

// Computes both gradients, block by block: the output's gradient is read once for the two.
template <class S, class InputPrologue, class GradientPrologue, class Epilogue>
void backward(const Backward& job, const InputPrologue& input, const GradientPrologue& gradient,
              Epilogue epilogue, Chunk chunk, float* memory) {
  const Worker<S> worker(job.images, job.channels, memory);
  const Channels turned{job.channels.outputs, job.channels.inputs};
  Rows<S, InputPrologue> inputRows(job.images, worker.strips, job.channels.inputs, input,
                                   worker.scratch.rows);
  Rows<S, GradientPrologue> gradientRows(job.images, worker.strips, job.channels.outputs, gradient,
                                         worker.scratch.moreRows);
  clear<S>(job.weightSum, transformedSize(job.channels));
  forBlocks(worker.strips, chunk, [&](const Block& block) {
    worker.template read<true, true>(block, gradientRows, job.channels.outputs);
    worker.multiply(block, turned, job.transformed, epilogue);
    worker.template read<true, false>(block, inputRows, job.channels.inputs);
    worker.addWeightGradient(block, job.weightSum);
  });
}

}  // namespace lt::kernels
