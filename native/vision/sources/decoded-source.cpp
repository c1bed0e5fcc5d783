#include "vision/sources/decoded-source.h"

#include <algorithm>

namespace lt::vision {

DecodedSource::DecodedSource(std::unique_ptr<const Source> origin, const std::string& path, Layout layout)
    : origin_(std::move(origin)), file_(path), verified_(layout.heights.size()) {
  const auto [start, heights, widths, checksums] = layout;
  for (const size_t found : {heights.size(), widths.size(), checksums.size()})
    if (found != origin_->size())
      throw std::invalid_argument("decoded images: expected a size and a checksum for each");
  uint64_t offset = start;
  for (size_t i = 0; i < heights.size(); i++) {
    const Size size{heights[i], widths[i]};
    entries_.push_back({offset, size, static_cast<uint32_t>(checksums[i])});
    offset += static_cast<uint64_t>(size.height) * size.width * Image::kChannels;
  }
}

std::span<const uint8_t> DecodedSource::rows(size_t index, int top, int height) const {
  thread_local std::vector<uint8_t> buffer;
  const auto& [offset, size, checksum] = entries_[index];
  const size_t rowSize = static_cast<size_t>(size.width) * Image::kChannels;
  if (verified_[index]) {
    buffer.resize(rowSize * height);
    file_.read(offset + top * rowSize, buffer);
    return buffer;
  }
  buffer.resize(rowSize * size.height);
  file_.read(offset, buffer);
  if (crc32c(buffer) != checksum)
    throw DataError(file_.path() + ": the pixels of " + describe(index) +
                    " are damaged: expected another checksum");
  verified_[index] = true;
  return std::span<const uint8_t>(buffer).subspan(top * rowSize, height * rowSize);
}

Window DecodedSource::requiredWindow(size_t index, const RequiredWindowOf& requiredOf) const {
  try {
    return requiredOf(entries_[index].size).window;
  } catch (const DataError& error) {
    throw DataError(describe(index) + ": " + error.what());
  }
}

Image DecodedSource::load(size_t index) const {
  const auto [height, width] = entries_[index].size;
  return region(index, [&](Size) { return RequiredWindow{{0, 0, height, width}}; }).pixels;
}

Region DecodedSource::region(size_t index, const RequiredWindowOf& requiredOf) const {
  const Size whole = entries_[index].size;
  const Window window = requiredWindow(index, requiredOf);
  const auto pixels = rows(index, window.top, window.height);
  Image image(window.height, window.width);
  for (int y = 0; y < window.height; y++) {
    const size_t from = (static_cast<size_t>(y) * whole.width + window.left) * Image::kChannels;
    std::copy_n(pixels.data() + from, image.rowSize(), image.row(y));
  }
  return {std::move(image), window, whole};
}

}  // namespace lt::vision
