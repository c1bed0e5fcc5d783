// A file's content in memory, read only: the system reads a page when it is first used, and keeps it as long
// as there is room.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace lt::vision {

class MappedFile {
 public:
  explicit MappedFile(const std::string& path);  // throws a DataError that names the path
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;

  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  std::span<const uint8_t> bytes_;
};

}  // namespace lt::vision
