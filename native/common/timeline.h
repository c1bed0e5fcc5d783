// Where the time of images goes: spans of work on the threads that make them and on the one that waits for
// them. Off unless somebody profiles; a stopwatch then costs one read of a flag.
#pragma once
#include <cstdint>
#include <vector>

namespace lt {

// The stages of making images, in the order of src/data/loader/timeline.ts.
enum class Stage : uint8_t { Read, Decode, Transform, Wait, Normalize };

struct StageSpan {
  uint32_t thread;  // 0, 1, … in the order of their first span since the start of the recording
  Stage stage;
  double begin, end;  // milliseconds of the monotonic clock, as process.hrtime's
};

// Records a span of work from its construction to its destruction.
class Stopwatch {
 public:
  explicit Stopwatch(Stage stage);
  ~Stopwatch();
  Stopwatch(const Stopwatch&) = delete;

 private:
  const Stage stage_;
  const double begin_;  // below 0: nothing is recorded
};

// Start and stop recording in the whole process. A start forgets what was recorded before; a stop returns it,
// or nothing if there was no start.
void startTimeline();
std::vector<StageSpan> stopTimeline();

}  // namespace lt
