// Files and parts of them into memory.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace lt {

// Throws a DataError that names the file when it cannot be read.
std::vector<uint8_t> readFile(const std::string& path);

// `length` bytes from `offset` on; also a DataError when the file ends before.
std::vector<uint8_t> readSpan(const std::string& path, uint64_t offset, size_t length);

}  // namespace lt
