#include "common/timeline.h"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace lt {
namespace {

std::atomic<bool> recording{false};

struct Timeline {
  std::mutex mutex;
  std::map<std::thread::id, uint32_t> threads;
  std::vector<StageSpan> spans;
};

// Never destroyed: threads may still be at work when the process ends.
Timeline& timeline() {
  static Timeline* const instance = new Timeline;
  return *instance;
}

double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Stopwatch::Stopwatch(Stage stage)
    : stage_(stage), begin_(recording.load(std::memory_order_relaxed) ? now() : -1) {}

Stopwatch::~Stopwatch() {
  if (begin_ < 0 || !recording.load(std::memory_order_relaxed)) return;
  const double end = now();
  Timeline& all = timeline();
  std::lock_guard<std::mutex> lock(all.mutex);
  const auto thread =
      all.threads.try_emplace(std::this_thread::get_id(), static_cast<uint32_t>(all.threads.size()))
          .first->second;
  all.spans.push_back({thread, stage_, begin_, end});
}

void startTimeline() {
  Timeline& all = timeline();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.threads.clear();
  all.spans.clear();
  recording = true;
}

std::vector<StageSpan> stopTimeline() {
  recording = false;
  Timeline& all = timeline();
  std::lock_guard<std::mutex> lock(all.mutex);
  return std::exchange(all.spans, {});
}

}  // namespace lt
