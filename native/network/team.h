// A team of threads that shares loops, one loop after the other, with little time between them.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lt::network {

// The calling thread and helpers, which sleep while nobody works. One thread at a time uses a team.
class Team {
 public:
  // `waitsBusily`: helpers do not sleep between two loops of a session.
  Team(int threads, bool waitsBusily);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return static_cast<int>(helpers_.size()) + 1; }

  // Wakes the helpers, and lets them sleep again at its end.
  class Session {
   public:
    explicit Session(Team& team);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

   private:
    Team& team_;
  };

  // Calls work(index, thread) for every index below `count`, each once, and returns when all have ended.
  // Threads take the next index whenever they have done one. `thread` is below threads().
  using Work = std::function<void(int64_t index, int thread)>;
  void share(int64_t count, const Work& work);

 private:
  void help(int thread);
  void awaitRound(uint32_t seen);
  void beginRound();
  void drain(int thread);

  const bool waitsBusily_;
  // Of the loop that is open. A helper that comes late finds it closed and touches neither.
  const Work* work_ = nullptr;
  int64_t count_ = 0;
  std::atomic<int64_t> next_{0};
  std::atomic<bool> isOpen_{false};
  std::atomic<int> active_{0};      // helpers that may be in the loop
  std::atomic<uint32_t> round_{0};  // grows with every loop, session and at the end
  std::atomic<bool> inSession_{false}, isEnding_{false};
  std::mutex mutex_;  // of helpers that sleep until a round begins
  std::condition_variable begun_;
  std::vector<std::jthread> helpers_;
};

}  // namespace lt::network
