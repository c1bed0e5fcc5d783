#include "vision/loader/producer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <stdexcept>

#include "common/timeline.h"
#include "vision/codecs/decode.h"
#include "vision/image/budget.h"
#include "vision/image/interruption.h"

extern "C" void omp_set_num_threads(int);

namespace lt::vision {

namespace {

constexpr size_t kImagesPerChunk = 8;  // given to a thread at once: several threads share a batch

int64_t maxNumbers(const Producer::Settings& settings) {
  size_t maximum = 0;
  for (const auto& view : settings.views) {
    Philox random(0);
    size_t numbers = 0;
    for (const auto& transform : view.drawn)
      numbers += transform->drawn(settings.size, settings.size, random).size();
    maximum = std::max(maximum, numbers);
  }
  return static_cast<int64_t>(maximum);
}

}  // namespace

struct Producer::PendingBatch {
  uint32_t epoch;
  std::vector<ImageDraw> draws;
  at::Tensor pixels, drawn;
  size_t given = 0, made = 0;

  // Set when nobody will ask for the batch any more: images in work are left as they are.
  std::atomic<bool> abandoned = false;

  // The position of the first image that failed, so that the error is the same for any number of threads.
  size_t failedAt = SIZE_MAX;
  std::exception_ptr failure;

  bool complete() const { return made == draws.size(); }
};

struct Producer::Chunk {
  std::shared_ptr<PendingBatch> batch;
  size_t begin, end;
};

Producer::Producer(Settings settings)
    : settings_(std::move(settings)),
      numbers_(maxNumbers(settings_)),
      buffers_((numbers_ > 0 ? 2 : 1) * (settings_.prefetch + 2), settings_.pinned) {
  const size_t views = settings_.views.size();
  if (views == 0 || views > kMaxViews) {
    throw std::out_of_range("Producer: expected 1 to " + std::to_string(kMaxViews) + " views, received " +
                            std::to_string(views));
  }
  try {
    for (int i = 0; i < settings_.threads; i++) threads_.emplace_back([this] { work(); });
  } catch (...) {
    stop();
    throw;
  }
}

Producer::~Producer() { stop(); }

void Producer::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    abandonBatches();
  }
  space_.notify_all();
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void Producer::plan(uint32_t epoch, std::vector<ImageDraw> draws, size_t batch) {
  const auto requireBelow = [](const char* what, uint32_t value, size_t limit) {
    if (value < limit) return;
    throw std::out_of_range(std::string("plan: expected ") + what + " below " + std::to_string(limit) +
                            ", received " + std::to_string(value));
  };
  for (const ImageDraw& draw : draws) {
    requireBelow("images", draw.image, settings_.source->size());
    requireBelow("draws of an image", draw.count, kMaxDrawsOfImage);
  }
  if (batch == 0) throw std::out_of_range("plan: expected at least one image a batch");
  {
    std::lock_guard<std::mutex> lock(mutex_);
    abandonBatches();
    planned_ = std::move(draws);
    epoch_ = epoch;
    batchSize_ = batch;
    opened_ = 0;
  }
  space_.notify_all();
}

void Producer::abandonBatches() {
  for (const auto& batch : batches_) batch->abandoned = true;
  batches_.clear();
}

void Producer::cancel() { plan(0, {}, 1); }

bool Producer::isReady(std::chrono::milliseconds patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (batches_.empty() && opened_ == planned_.size()) return true;
  return ready_.wait_for(lock, patience, [&] { return !batches_.empty() && batches_.front()->complete(); });
}

std::optional<Producer::Batch> Producer::next(std::chrono::milliseconds patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (batches_.empty() && opened_ == planned_.size())
    throw std::logic_error("next: the plan has no further batch");
  if (!ready_.wait_for(lock, patience, [&] { return !batches_.empty() && batches_.front()->complete(); }))
    return {};
  const auto batch = std::move(batches_.front());
  batches_.pop_front();
  lock.unlock();
  space_.notify_all();
  if (batch->failure) std::rethrow_exception(batch->failure);
  return Batch{std::move(batch->pixels), std::move(batch->drawn)};
}

void Producer::work() {
  // OpenMP would start a team for each of our threads; its default must be read first, else it becomes 1 for
  // all.
  at::get_num_threads();
  omp_set_num_threads(1);
  while (const auto chunk = take()) make(*chunk);
  endDecodingThread();
}

// Returns the next images to make, and waits for them; nothing when the producer stops.
std::optional<Producer::Chunk> Producer::take() {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto open = [&] {
    return !batches_.empty() && batches_.back()->given < batches_.back()->draws.size();
  };
  space_.wait(lock, [&] {
    return stopping_ || open() || (opened_ < planned_.size() && batches_.size() < settings_.prefetch);
  });
  if (stopping_) return {};
  if (!open()) openBatch();
  const auto& batch = batches_.back();
  const size_t begin = batch->given;
  batch->given = std::min(begin + kImagesPerChunk, batch->draws.size());
  return Chunk{batch, begin, batch->given};
}

void Producer::openBatch() {
  const size_t count = std::min(batchSize_, planned_.size() - opened_);
  const auto first = planned_.begin() + static_cast<std::ptrdiff_t>(opened_);
  auto batch = std::make_shared<PendingBatch>();
  batch->epoch = epoch_;
  batch->draws.assign(first, first + static_cast<std::ptrdiff_t>(count));
  const auto images = static_cast<int64_t>(count * settings_.views.size());
  try {
    batch->pixels = takePixels(images);
    if (numbers_ > 0)
      batch->drawn = buffers_.take({images, numbers_}, at::kInt, at::MemoryFormat::Contiguous);
  } catch (...) {  // no memory: next() says so
    batch->failedAt = 0;
    batch->failure = std::current_exception();
  }
  batches_.push_back(std::move(batch));
  opened_ += count;
  space_.notify_all();
}

at::Tensor Producer::takePixels(int64_t images) {
  const std::array<int64_t, 4> sizes{images, Image::kChannels, settings_.size, settings_.size};
  if (!settings_.normalizer) return buffers_.take(sizes, at::kByte, at::MemoryFormat::ChannelsLast);
  return takeNormalized(sizes, settings_.normalizer->interleaved);
}

void Producer::make(const Chunk& chunk) {
  PendingBatch& batch = *chunk.batch;
  const Interruptible interruptible(batch.abandoned);
  size_t failedAt = SIZE_MAX;
  std::exception_ptr failure;
  const bool hasRoom = batch.pixels.defined() && (numbers_ == 0 || batch.drawn.defined());
  for (size_t position = chunk.begin; position < chunk.end && !failure && hasRoom; position++) {
    try {
      makeViews(batch, position);
    } catch (...) {
      failedAt = position;
      failure = std::current_exception();
    }
  }
  std::lock_guard<std::mutex> lock(mutex_);
  if (failedAt < batch.failedAt) {
    batch.failedAt = failedAt;
    batch.failure = failure;
  }
  batch.made += chunk.end - chunk.begin;
  if (batch.complete()) ready_.notify_all();
}

void Producer::makeViews(PendingBatch& batch, size_t position) {
  const MemoryTurn turn;
  const auto& views = settings_.views;
  const ImageDraw draw = batch.draws[position];
  const auto random = [&](size_t view) {
    return randomOf(settings_.seed, batch.epoch, draw, static_cast<uint32_t>(view));
  };
  const Region region = settings_.source->region(draw.image, [&](Size size) {
    RequiredWindow required = views[0].pipeline.required(size, random(0));
    for (size_t view = 1; view < views.size(); view++)
      required = unionOf(required, views[view].pipeline.required(size, random(view)));
    return settings_.reduce ? required : RequiredWindow{required.window};
  });
  for (size_t view = 0; view < views.size(); view++) makeView(batch, position, view, region, random(view));
}

void Producer::makeView(PendingBatch& batch, size_t position, size_t view, const Region& region,
                        Philox random) {
  const Stopwatch transforming(Stage::Transform);
  Image image;
  try {
    image = settings_.views[view].pipeline.apply(region, random);
    if (image.height != settings_.size || image.width != settings_.size) {
      throw DataError("after its transforms expected " + sizeText(settings_.size, settings_.size) +
                      ", found " + sizeText(image.height, image.width));
    }
  } catch (const DataError& error) {
    throw DataError(settings_.source->describe(batch.draws[position].image) + ": " + error.what());
  }
  const size_t index = view * batch.draws.size() + position, start = index * image.size();
  if (const auto& normalizer = settings_.normalizer) {
    const Stopwatch normalizing(Stage::Normalize);
    (*normalizer)(image.pixels.get(), image.size() / Image::kChannels,
                  batch.pixels.mutable_data_ptr<float>() + start);
  } else {
    std::memcpy(batch.pixels.mutable_data_ptr<uint8_t>() + start, image.pixels.get(), image.size());
  }
  draw(batch, index, view, random);
}

// Draws for transforms that are done elsewhere, with the random numbers that come after those of the view's
// pipeline.
void Producer::draw(PendingBatch& batch, size_t index, size_t view, Philox& random) {
  if (numbers_ == 0) return;
  int32_t* to = batch.drawn.mutable_data_ptr<int32_t>() + index * static_cast<size_t>(numbers_);
  for (const auto& transform : settings_.views[view].drawn) {
    for (const double number : transform->drawn(settings_.size, settings_.size, random))
      *to++ = static_cast<int32_t>(number);
  }
}

}  // namespace lt::vision
