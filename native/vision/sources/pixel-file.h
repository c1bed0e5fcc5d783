// A file of pixels that is read a piece at a time. Not mapped into memory: a file that another program cuts
// short would end the process.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace lt::vision {

// The checksum of src/support/crc32c.ts.
uint32_t crc32c(std::span<const uint8_t> bytes);

class PixelFile {
 public:
  explicit PixelFile(const std::string& path);  // throws a DataError that names the path
  ~PixelFile();
  PixelFile(const PixelFile&) = delete;

  const std::string& path() const { return path_; }

  // Fills the bytes from an offset on. Any thread; throws a DataError, also where the file ends before.
  void read(uint64_t offset, std::span<uint8_t> bytes) const;

 private:
  const std::string path_;
  const int handle_;
};

}  // namespace lt::vision
