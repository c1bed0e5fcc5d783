// Two-dimensional transforms of a strip's tiles, a vector of channels at a time. A block's transformed tiles
// lie as [plane][tile][channel]; plane 6i + j holds element (i, j) of the transformed windows. They are not
// inlined into their callers, where the compiler would allocate registers worse.
#pragma once
#include "kernels/scratch.h"
#include "kernels/simd/transforms.h"

namespace lt::kernels {

// A number of channels that the compiler knows: the distances between a window's 36 planes are then constants
// in the instructions, where otherwise they would need more registers than there are.
template <int C>
struct Known {
  static constexpr int channels() { return C; }
  static constexpr int64_t plane() { return Scratch::planeStride(C); }
};

struct Unknown {
  int count;
  int channels() const { return count; }
  int64_t plane() const { return Scratch::planeStride(count); }
};

template <class Work>
inline void withChannels(int channels, const Work& work) {
  switch (channels) {
    case 16:
      return work(Known<16>{});
    case 32:
      return work(Known<32>{});
    case 64:
      return work(Known<64>{});
    default:
      return work(Unknown{channels});
  }
}

// Computes B' of one column of a window: six pixels below one another.
template <class S>
inline __attribute__((always_inline)) void transformColumn(const float* const (&rows)[kWindow],
                                                           int64_t offset, float* to) {
  typename S::Vec d[kWindow], out[kWindow];
#pragma GCC unroll 6
  for (int i = 0; i < kWindow; i++) d[i] = S::load(rows[i] + offset);
  Transforms<S>::input(d, out);
#pragma GCC unroll 6
  for (int i = 0; i < kWindow; i++) S::store(to + i * S::kWidth, out[i]);
}

// Computes B' d B for N vectors of channels from c on: the columns first, whose results neighboring tiles
// share. A tile's N vectors are written one after the other: they lie in one cache line.
template <class S, int N, class Layout>
__attribute__((noinline)) void transformInputOf(const float* const (&rows)[kWindow], int tiles, Layout layout,
                                                int c, float* halfWay, float* v) {
  const int channels = layout.channels();
  const int64_t plane = layout.plane();
  using Vec = typename S::Vec;
  constexpr int kColumn = kWindow * S::kWidth;
  const int64_t vector = static_cast<int64_t>(kTile * tiles + 2) * kColumn;
  for (int n = 0; n < N; n++)
    for (int x = 0; x < 2; x++)
      transformColumn<S>(rows, static_cast<int64_t>(x) * channels + c + n * S::kWidth,
                         halfWay + n * vector + x * kColumn);
  for (int t = 0; t < tiles; t++)
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) {
      const int first = c + n * S::kWidth;
      const float* window = halfWay + n * vector + t * kTile * kColumn;
      for (int x = 2; x < kWindow; x++)
        transformColumn<S>(rows, static_cast<int64_t>(t * kTile + x) * channels + first,
                           halfWay + n * vector + (t * kTile + x) * kColumn);
      float* to = v + static_cast<int64_t>(t) * channels + first;
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; i++) {
        Vec d[kWindow], out[kWindow];
#pragma GCC unroll 6
        for (int j = 0; j < kWindow; j++) d[j] = S::load(window + j * kColumn + i * S::kWidth);
        Transforms<S>::input(d, out);
#pragma GCC unroll 6
        for (int j = 0; j < kWindow; j++) S::store(to + (i * kWindow + j) * plane, out[j]);
      }
    }
}

// Computes B' d B of the strip's windows.
template <class S, class Layout>
inline void transformInput(const float* const (&rows)[kWindow], int tiles, Layout layout, float* halfWay,
                           float* v) {
  int c = 0;
  for (; c + 2 * S::kWidth <= layout.channels(); c += 2 * S::kWidth)
    transformInputOf<S, 2>(rows, tiles, layout, c, halfWay, v);
  if (c < layout.channels()) transformInputOf<S, 1>(rows, tiles, layout, c, halfWay, v);
}

// Computes A dY A' of the strip's tiles; `rows` are those of the windows, of which the tiles are the middle.
template <class S, class Layout>
__attribute__((noinline)) void transformGradient(const float* const (&rows)[kWindow], int tiles,
                                                 Layout layout, float* d) {
  const int channels = layout.channels();
  const int64_t plane = layout.plane();
  using Vec = typename S::Vec;
  for (int t = 0; t < tiles; t++)
    for (int c = 0; c < channels; c += S::kWidth) {
      Vec half[kWindow][kTile];
#pragma GCC unroll 4
      for (int j = 0; j < kTile; j++) {
        Vec y[kTile], out[kWindow];
#pragma GCC unroll 4
        for (int i = 0; i < kTile; i++)
          y[i] = S::load(rows[i + 1] + static_cast<int64_t>(t * kTile + j + 1) * channels + c);
        Transforms<S>::gradient(y, out);
#pragma GCC unroll 6
        for (int i = 0; i < kWindow; i++) half[i][j] = out[i];
      }
      float* to = d + static_cast<int64_t>(t) * channels + c;
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; i++) {
        Vec out[kWindow];
        Transforms<S>::gradient(half[i], out);
#pragma GCC unroll 6
        for (int j = 0; j < kWindow; j++) S::store(to + (i * kWindow + j) * plane, out[j]);
      }
    }
}

// Computes A' m A of the strip's tiles and hands it to the epilogue. Whole: no tile reaches beyond the image.
template <class S, bool Whole, class Layout, class Epilogue>
__attribute__((noinline)) void transformOutputOf(const float* m, const Strip& strip, const Images& images,
                                                 Layout layout, Epilogue& epilogue) {
  const int channels = layout.channels();
  const int64_t plane = layout.plane();
  using Vec = typename S::Vec;
  const int64_t top = strip.row * kTile, height = Whole ? kTile : images.height - top;
  for (int t = 0; t < strip.tiles; t++) {
    const int64_t left = (strip.column + t) * kTile, width = Whole ? kTile : images.width - left;
    const int64_t pixel = (strip.image * images.height + top) * images.width + left;
    for (int c = 0; c < channels; c += S::kWidth) {
      const float* from = m + static_cast<int64_t>(t) * channels + c;
      auto lane = epilogue.lane(c);
      Vec half[kTile][kWindow];
#pragma GCC unroll 6
      for (int j = 0; j < kWindow; j++) {
        Vec column[kWindow], out[kTile];
#pragma GCC unroll 6
        for (int i = 0; i < kWindow; i++) column[i] = S::load(from + (i * kWindow + j) * plane);
        Transforms<S>::output(column, out);
#pragma GCC unroll 4
        for (int i = 0; i < kTile; i++) half[i][j] = out[i];
      }
#pragma GCC unroll 4
      for (int i = 0; i < kTile; i++) {
        Vec out[kTile];
        Transforms<S>::output(half[i], out);
#pragma GCC unroll 4
        for (int j = 0; j < kTile; j++)
          if (Whole || (i < height && j < width))
            lane.write(out[j], (pixel + i * images.width + j) * channels + c);
      }
      lane.end();
    }
  }
}

template <class S, class Layout, class Epilogue>
inline void transformOutput(const float* m, const Strip& strip, const Images& images, Layout layout,
                            Epilogue& epilogue) {
  const bool whole =
      (strip.row + 1) * kTile <= images.height && (strip.column + strip.tiles) * kTile <= images.width;
  if (whole)
    transformOutputOf<S, true>(m, strip, images, layout, epilogue);
  else
    transformOutputOf<S, false>(m, strip, images, Unknown{layout.channels()}, epilogue);
}

}  // namespace lt::kernels
