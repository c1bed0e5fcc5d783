// The producer prefetches batches: a pool of threads loads, transforms and collates, and next() returns
// batches in the order of the plan.
#pragma once
#include <ATen/core/Tensor.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "vision/image/normalize.h"
#include "vision/loader/buffer-pool.h"
#include "vision/sources/source.h"
#include "vision/transforms/pipeline.h"

namespace lt::vision {

// The bytes of a batch depend on seed, epoch, draws and pipelines only, never on the number of threads. The
// threads outlive a plan, so that epochs follow each other without new ones.
class Producer {
 public:
  // What is done to an image for one view of it. For transforms that are done elsewhere after that, only the
  // random numbers are drawn.
  struct View {
    Pipeline pipeline;
    std::vector<TransformPtr> drawn;
  };

  struct Settings {
    std::unique_ptr<const Source> source;
    std::vector<View> views;  // 1 … kMaxViews
    int size;                 // side of the square that the pipelines must end with
    uint64_t seed;
    int threads;
    size_t prefetch;  // batches that may be ready or in the making
    bool reduce;      // decode an image at a smaller size where it is made smaller anyway
    bool pinned;      // batches lie in memory from which a GPU fetches on its own
    std::optional<Normalizer> normalizer;  // of batches of floats
  };

  explicit Producer(Settings settings);
  ~Producer();  // ends the images in work
  Producer(const Producer&) = delete;

  // Replaces the rest of the last plan by batches of `batch` draws in this order; the last one may be
  // shorter.
  void plan(uint32_t epoch, std::vector<ImageDraw> draws, size_t batch);
  void cancel();

  struct Batch {
    // [V·N, 3, size, size]: all first views, then all second ones, and so on. uint8 in channels_last order,
    // or float32 in the normalizer's.
    at::Tensor images;

    // int32 [V·N, numbers]: what the transforms of View::drawn drew, as each lists it; undefined if there are
    // none.
    at::Tensor drawn;
  };

  // Whether next() returns or throws at once, after `patience` at the longest.
  bool isReady(std::chrono::milliseconds patience);

  // Returns the next batch; nothing if it is not ready after `patience`. Throws the DataError of the batch's
  // first image that failed. The memory is reused once the tensors are freed.
  std::optional<Batch> next(std::chrono::milliseconds patience);

 private:
  struct PendingBatch;
  struct Chunk;

  void work();
  std::optional<Chunk> take();
  void make(const Chunk& chunk);
  void makeViews(PendingBatch& batch, size_t position);
  void makeView(PendingBatch& batch, size_t position, size_t view, const Region& region, Philox random);
  at::Tensor takePixels(int64_t images);
  void draw(PendingBatch& batch, size_t index, size_t view, Philox& random);
  void openBatch();
  void abandonBatches();  // the mutex is held
  void stop();

  const Settings settings_;
  const int64_t numbers_;  // the maximum, over the views, of the numbers drawn for an image
  std::mutex mutex_;
  std::condition_variable space_, ready_;
  bool stopping_ = false;
  uint32_t epoch_ = 0;
  std::vector<ImageDraw> planned_;
  size_t batchSize_ = 1, opened_ = 0;  // draws of the plan that belong to an open or delivered batch

  // The open ones in the order of the plan; only the last may have images to give out.
  std::deque<std::shared_ptr<PendingBatch>> batches_;
  BufferPool buffers_;
  std::vector<std::thread> threads_;
};

}  // namespace lt::vision
