#include "vision/sources/decoded-source.h"

#include <algorithm>

namespace lt::vision {

DecodedSource::DecodedSource(std::unique_ptr<const Source> origin, const std::string& path, Layout layout)
    : origin_(std::move(origin)), file_(path) {
  const auto [start, heights, widths] = layout;
  if (heights.size() != origin_->size() || widths.size() != origin_->size())
    throw std::invalid_argument("decoded images: expected a size for each");
  const uint8_t* pixels = file_.bytes().data() + start;
  for (size_t i = 0; i < heights.size(); i++) {
    entries_.push_back({pixels, {heights[i], widths[i]}});
    pixels += static_cast<size_t>(heights[i]) * widths[i] * Image::kChannels;
  }
  if (pixels > file_.bytes().data() + file_.bytes().size())
    throw DataError(path + ": expected more bytes, found " + std::to_string(file_.bytes().size()));
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
  const auto& [pixels, whole] = entries_[index];
  const Window window = requiredWindow(index, requiredOf);
  Image image(window.height, window.width);
  for (int y = 0; y < window.height; y++) {
    const size_t from = (static_cast<size_t>(window.top + y) * whole.width + window.left) * Image::kChannels;
    std::copy_n(pixels + from, image.rowSize(), image.row(y));
  }
  return {std::move(image), window, whole};
}

}  // namespace lt::vision
