#include "network/team.h"

#include <emmintrin.h>

namespace lt::network {
namespace {

// Turns of waiting, of about 20 ns each, before a helper sleeps: a loop of a session follows sooner.
constexpr int kBusyTurns = 50'000, kShortTurns = 1'000;

}  // namespace

Team::Team(int threads, bool waitsBusily) : waitsBusily_(waitsBusily) {
  for (int thread = 1; thread < threads; thread++) helpers_.emplace_back([this, thread] { help(thread); });
}

Team::~Team() {
  isEnding_ = true;
  beginRound();
}

Team::Session::Session(Team& team) : team_(team) {
  team_.inSession_ = true;
  team_.beginRound();
}

Team::Session::~Session() { team_.inSession_ = false; }

void Team::share(int64_t count, const Work& work) {
  if (helpers_.empty() || count < 2) {
    for (int64_t index = 0; index < count; index++) work(index, 0);
    return;
  }
  work_ = &work;
  count_ = count;
  next_ = 0;
  isOpen_ = true;
  beginRound();
  drain(0);
  isOpen_ = false;
  for (int turn = 0; active_ > 0; turn++)
    if (turn < kShortTurns)
      _mm_pause();
    else
      std::this_thread::yield();
}

void Team::beginRound() {
  {
    const std::lock_guard lock(mutex_);
    round_++;
  }
  begun_.notify_all();
}

void Team::drain(int thread) {
  for (int64_t index; (index = next_++) < count_;) (*work_)(index, thread);
}

void Team::help(int thread) {
  for (uint32_t seen = 0; !isEnding_; seen = round_) {
    active_++;
    if (isOpen_) drain(thread);
    active_--;
    awaitRound(seen);
  }
}

void Team::awaitRound(uint32_t seen) {
  const int turns = waitsBusily_ ? kBusyTurns : kShortTurns;
  for (int turn = 0; turn < turns && inSession_; turn++) {
    if (round_ != seen) return;
    _mm_pause();
  }
  std::unique_lock lock(mutex_);
  begun_.wait(lock, [&] { return round_ != seen; });
}

}  // namespace lt::network
