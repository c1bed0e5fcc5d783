// Reading of files, and of spans of them, into memory.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace lt::vision {

// Reads a whole file. Throws a DataError that names the file when it cannot be read.
std::vector<uint8_t> readFile(const std::string& path);

// Reads `length` bytes from `offset` on; throws a DataError also when the file ends before.
std::vector<uint8_t> readSpan(const std::string& path, uint64_t offset, size_t length);

}  // namespace lt::vision
