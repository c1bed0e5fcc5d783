#include "vision/sources/mapped-file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "vision/image/image.h"

namespace lt::vision {

MappedFile::MappedFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status;
  void* memory = MAP_FAILED;
  if (file >= 0 && ::fstat(file, &status) == 0)
    memory = ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_SHARED, file, 0);
  const int reason = errno;
  if (file >= 0) ::close(file);
  if (memory == MAP_FAILED) throw DataError(path + ": cannot be read: " + std::strerror(reason));
  bytes_ = {static_cast<const uint8_t*>(memory), static_cast<size_t>(status.st_size)};
}

MappedFile::~MappedFile() { ::munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size()); }

}  // namespace lt::vision
