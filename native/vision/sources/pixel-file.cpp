#include "vision/sources/pixel-file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "vision/image/image.h"

namespace lt::vision {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli's, bits reversed

std::array<uint32_t, 256> makeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    table[byte] = crc;
  }
  return table;
}

uint32_t byTable(uint32_t crc, std::span<const uint8_t> bytes) {
  static const auto table = makeTable();
  for (const uint8_t byte : bytes) crc = (crc >> 8) ^ table[(crc ^ byte) & 255];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t byInstruction(uint32_t crc, std::span<const uint8_t> bytes) {
  uint64_t wide = crc;
  size_t done = 0;
  for (; done + sizeof wide <= bytes.size(); done += sizeof wide) {
    uint64_t eight;
    std::memcpy(&eight, bytes.data() + done, sizeof eight);
    wide = __builtin_ia32_crc32di(wide, eight);
  }
  auto narrow = static_cast<uint32_t>(wide);
  for (; done < bytes.size(); done++) narrow = __builtin_ia32_crc32qi(narrow, bytes[done]);
  return narrow;
}

const bool kHasInstruction = __builtin_cpu_supports("sse4.2");
#endif

}  // namespace

uint32_t crc32c(std::span<const uint8_t> bytes) {
#if defined(__x86_64__)
  if (kHasInstruction) return ~byInstruction(~0u, bytes);
#endif
  return ~byTable(~0u, bytes);
}

PixelFile::PixelFile(const std::string& path)
    : path_(path), handle_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (handle_ < 0) throw DataError(path + ": cannot be read: " + std::strerror(errno));
}

PixelFile::~PixelFile() { ::close(handle_); }

void PixelFile::read(uint64_t offset, std::span<uint8_t> bytes) const {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t got =
        ::pread(handle_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw DataError(path_ + ": cannot be read: " + std::strerror(errno));
    if (got == 0)
      throw DataError(path_ + ": expected a byte at " + std::to_string(offset + done) +
                      ", found the file's end: it was cut while it was in use");
    done += static_cast<size_t>(got);
  }
}

}  // namespace lt::vision
