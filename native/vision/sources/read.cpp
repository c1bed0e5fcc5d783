#include "vision/sources/read.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "vision/image/image.h"

namespace lt::vision {
namespace {

[[noreturn]] void fail(const std::string& path) {
  throw DataError(path + ": cannot be read: " + std::strerror(errno));
}

class File {
 public:
  // A pipe without a writer would keep `open` waiting.
  explicit File(const std::string& path)
      : path_(path), handle_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (handle_ < 0) fail(path);
  }
  ~File() { close(handle_); }
  File(const File&) = delete;

  size_t size() const {
    struct stat status;
    if (fstat(handle_, &status) != 0) fail(path_);
    if (!S_ISREG(status.st_mode))
      throw DataError(path_ + ": expected an image file, found something that is not a file");
    return static_cast<size_t>(status.st_size);
  }

  // Shorter than `length` where the file ends.
  std::vector<uint8_t> read(uint64_t offset, size_t length) const {
    std::vector<uint8_t> content(length);
    size_t filled = 0;
    while (filled < length) {
      const ssize_t got =
          pread(handle_, content.data() + filled, length - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(path_);
      if (got == 0) break;
      filled += static_cast<size_t>(got);
    }
    content.resize(filled);
    return content;
  }

 private:
  const std::string& path_;
  const int handle_;
};

}  // namespace

std::vector<uint8_t> readFile(const std::string& path) {
  const File file(path);
  return file.read(0, file.size());
}

std::vector<uint8_t> readSpan(const std::string& path, uint64_t offset, size_t length) {
  auto content = File(path).read(offset, length);
  if (content.size() == length) return content;
  throw DataError(path + ": truncated: expected " + std::to_string(length) + " bytes at byte " +
                  std::to_string(offset) + ", found " + std::to_string(content.size()));
}

}  // namespace lt::vision
