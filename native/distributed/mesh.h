// Connections of each process of a group to every other one, for short messages that all of them wait for.
#pragma once
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace lt::distributed {

// A TCP socket, or none.
class Socket {
 public:
  explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket();

  int descriptor() const { return descriptor_; }
  // Sends all of the bytes; throws when the other end is gone or the time is over.
  void send(const void* bytes, size_t size) const;
  void receive(void* bytes, size_t size) const;

 private:
  int descriptor_;
};

// Gloo hands every message from thread to thread, which on a busy machine costs more than the message. Here
// the thread that has the numbers writes them to each socket and reads the others'.
class Mesh {
 public:
  // The maximum count of numbers, which surely fit into the sockets' buffers, so that all processes may write
  // before any reads.
  static constexpr size_t kMaxNumbers = 8192;

  // Every process of the group calls this. `address` is a name or a number by which the others reach this
  // process.
  Mesh(c10d::Store& store, int rank, int size, const std::string& address, std::chrono::milliseconds timeout);

  // Replaces the numbers by their sum over all processes, in order of rank: the same bits in each.
  void sum(double* numbers, size_t count) const;

 private:
  int rank_;
  std::vector<Socket> sockets_;  // by rank; none for this process
};

}  // namespace lt::distributed
