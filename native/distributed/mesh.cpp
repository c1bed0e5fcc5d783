#include "distributed/mesh.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace lt::distributed {
namespace {

constexpr int kBufferBytes = 4 * Mesh::kMaxNumbers * sizeof(double);

[[noreturn]] void fail(const std::string& what) {
  const bool late = errno == EAGAIN || errno == EINPROGRESS;
  throw std::runtime_error("the processes' connections: " + what + ": " +
                           (late ? "timed out" : std::strerror(errno)));
}

void setOption(const Socket& socket, int level, int option, const void* value, socklen_t size) {
  if (setsockopt(socket.descriptor(), level, option, value, size) != 0) fail("setsockopt");
}

// Limits how long any call waits.
void limitTime(const Socket& socket, std::chrono::milliseconds timeout) {
  const timeval time{timeout.count() / 1000, timeout.count() % 1000 * 1000};
  setOption(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  setOption(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

// Makes a socket for this kind of address. Buffers are set before the ends meet; an accepted socket has those
// of its listener.
Socket open(int family, std::chrono::milliseconds timeout) {
  Socket socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.descriptor() < 0) fail("socket");
  limitTime(socket, timeout);
  setOption(socket, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof kBufferBytes);
  setOption(socket, SOL_SOCKET, SO_SNDBUF, &kBufferBytes, sizeof kBufferBytes);
  return socket;
}

void sendAtOnce(const Socket& socket) {
  const int yes = 1;
  setOption(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> lookUp(const std::string& host, const std::string& port) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0)
    throw std::runtime_error("the processes' connections: " + host + ": " + gai_strerror(error));
  return {found, &freeaddrinfo};
}

// Listens at a port that the system chooses; the others read it from the store.
Socket listenAt(const std::string& address, int backlog, std::chrono::milliseconds timeout,
                std::string& port) {
  const auto endpoint = lookUp(address, "0");
  Socket socket = open(endpoint->ai_family, timeout);
  if (bind(socket.descriptor(), endpoint->ai_addr, endpoint->ai_addrlen) != 0 ||
      listen(socket.descriptor(), backlog) != 0)
    fail("listening at " + address);
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&own), &size) != 0) fail("getsockname");
  char text[NI_MAXSERV];
  getnameinfo(reinterpret_cast<sockaddr*>(&own), size, nullptr, 0, text, sizeof text, NI_NUMERICSERV);
  port = text;
  return socket;
}

Socket connectTo(const std::string& address, const std::string& port, std::chrono::milliseconds timeout) {
  const auto endpoint = lookUp(address, port);
  Socket socket = open(endpoint->ai_family, timeout);
  if (connect(socket.descriptor(), endpoint->ai_addr, endpoint->ai_addrlen) != 0) fail(address + ":" + port);
  sendAtOnce(socket);
  return socket;
}

Socket acceptFrom(const Socket& listening, std::chrono::milliseconds timeout) {
  Socket socket(accept4(listening.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
  if (socket.descriptor() < 0) fail("waiting for the others");
  limitTime(socket, timeout);
  sendAtOnce(socket);
  return socket;
}

std::string keyOf(int rank) { return "mesh/" + std::to_string(rank); }

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Socket::send(const void* bytes, size_t size) const {
  for (size_t done = 0; done < size;) {
    const ssize_t sent =
        ::send(descriptor_, static_cast<const char*>(bytes) + done, size - done, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) fail("sending");
    done += static_cast<size_t>(std::max<ssize_t>(sent, 0));
  }
}

void Socket::receive(void* bytes, size_t size) const {
  for (size_t done = 0; done < size;) {
    const ssize_t received = ::recv(descriptor_, static_cast<char*>(bytes) + done, size - done, MSG_WAITALL);
    if (received == 0) throw std::runtime_error("Connection closed by another process");
    if (received < 0 && errno != EINTR) fail("receiving");
    done += static_cast<size_t>(std::max<ssize_t>(received, 0));
  }
}

// Each process connects to those of lower rank, sends its own rank, and waits for those of higher rank.
Mesh::Mesh(c10d::Store& store, int rank, int size, const std::string& address,
           std::chrono::milliseconds timeout)
    : rank_(rank), sockets_(static_cast<size_t>(size)) {
  std::string port;
  const Socket listening = listenAt(address, size, timeout, port);
  const std::string endpoint = address + " " + port;
  store.set(keyOf(rank), std::vector<uint8_t>(endpoint.begin(), endpoint.end()));
  for (int lower = 0; lower < rank; lower++) {
    const auto published = store.get(keyOf(lower));
    const std::string text(published.begin(), published.end());
    const size_t space = text.find(' ');
    sockets_[lower] = connectTo(text.substr(0, space), text.substr(space + 1), timeout);
    sockets_[lower].send(&rank, sizeof rank);
  }
  for (int waiting = rank + 1; waiting < size; waiting++) {
    Socket socket = acceptFrom(listening, timeout);
    int other = 0;
    socket.receive(&other, sizeof other);
    if (other <= rank || other >= size)
      throw std::runtime_error("the processes' connections: expected a rank from " +
                               std::to_string(rank + 1) + " on, found " + std::to_string(other));
    sockets_[other] = std::move(socket);
  }
}

void Mesh::sum(double* numbers, size_t count) const {
  const size_t bytes = count * sizeof(double);
  for (const auto& socket : sockets_)
    if (socket.descriptor() >= 0) socket.send(numbers, bytes);
  std::vector<double> total(count), received(count);
  for (size_t rank = 0; rank < sockets_.size(); rank++) {
    const bool own = static_cast<int>(rank) == rank_;
    if (!own) sockets_[rank].receive(received.data(), bytes);
    const double* of = own ? numbers : received.data();
    for (size_t i = 0; i < count; i++) total[i] += of[i];
  }
  std::copy(total.begin(), total.end(), numbers);
}

}  // namespace lt::distributed
