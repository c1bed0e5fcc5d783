// Batches made ahead of time: a pool of threads loads, transforms and collates; next() hands over in plan
// order.
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

#include "vision/loader/buffer-pool.h"
#include "vision/sources/source.h"
#include "vision/transforms/pipeline.h"

namespace lt {

// The bytes of a batch depend on seed, epoch, draws and pipelines only, never on the number of threads. The
// threads outlive a plan, so that epochs follow each other without new ones.
class Producer {
 public:
  // What is done to an image for one view of it; of what is done elsewhere after that, only the random
  // numbers are drawn.
  struct View {
    Pipeline pipeline;
    std::vector<TransformPtr> drawn;
  };

  struct Settings {
    std::unique_ptr<const Source> source;
    std::vector<View> views;  // 1 … mostViews
    int size;                 // side of the square that the pipelines must end with
    uint64_t seed;
    int threads;
    size_t ahead;  // batches that may be ready or in the making
    bool reduce;   // decode an image smaller where it is to be made smaller anyway
    bool pinned;   // batches lie in memory from which a GPU fetches on its own
  };

  explicit Producer(Settings settings);
  ~Producer();  // stops after the images in work
  Producer(const Producer&) = delete;

  // Replaces what is left of the last plan: batches of `batch` draws in this order, the last one as long as
  // it gets.
  void plan(uint32_t epoch, std::vector<ImageDraw> draws, size_t batch);
  void cancel();

  struct Made {
    at::Tensor images;  // uint8 [V·N, 3, size, size] in channels_last order: all first views, then all
                        // second, and so on
    at::Tensor drawn;  // int32 [V·N, numbers]: what View::drawn drew, as each lists it; undefined where there
                       // is none
  };

  // The next batch; nothing if it is not ready after `patience`.
  // Throws the DataError of the batch's first image that failed. The memory is used again once the tensors
  // are freed.
  std::optional<Made> next(std::chrono::milliseconds patience);

 private:
  struct Batch;
  struct Chunk;

  void work();
  std::optional<Chunk> take();
  void make(const Chunk& chunk);
  void makeViews(Batch& batch, size_t position);
  void makeView(Batch& batch, size_t position, size_t view, const Part& part, Philox random);
  void draw(Batch& batch, size_t place, size_t view, Philox& random);
  void openBatch();
  void stop();

  const Settings settings_;
  const int64_t numbers_;  // that the view with the most of them draws for an image
  std::mutex mutex_;
  std::condition_variable space_, ready_;
  bool stopping_ = false;
  uint32_t epoch_ = 0;
  std::vector<ImageDraw> planned_;
  size_t batchSize_ = 1, opened_ = 0;  // draws of the plan that belong to an open or delivered batch
  std::deque<std::shared_ptr<Batch>>
      batches_;  // open ones in plan order; only the last may have images to give out
  BufferPool buffers_;
  std::vector<std::thread> threads_;
};

}  // namespace lt
