// Interruption of decoding: whoever starts it may end it in the middle of an image.
#pragma once
#include <atomic>
#include <stdexcept>

namespace lt::vision {

// Thrown by a decoder that was interrupted. It says nothing about the image.
struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("decoding was interrupted") {}
};

// While it lives, decoders on the calling thread end with Interrupted soon after `flag` is set.
class Interruptible {
 public:
  explicit Interruptible(const std::atomic<bool>& flag) : before_(current_) { current_ = &flag; }
  ~Interruptible() { current_ = before_; }
  Interruptible(const Interruptible&) = delete;

  static bool isInterrupted() { return current_ && current_->load(std::memory_order_relaxed); }
  static void check() {
    if (isInterrupted()) throw Interrupted();
  }

 private:
  static inline thread_local const std::atomic<bool>* current_ = nullptr;
  const std::atomic<bool>* const before_;
};

}  // namespace lt::vision
