#include "vision/sources/source.h"

#include <algorithm>

#include "common/timeline.h"
#include "vision/codecs/decode.h"
#include "vision/image/pixel-order.h"
#include "vision/sources/read.h"

namespace lt::vision {

Region Source::region(size_t index, const RequiredWindowOf& requiredOf) const {
  std::optional<Content> content;
  {
    const Stopwatch reading(Stage::Read);
    content = file(index);
  }
  const Stopwatch decoding(Stage::Decode);
  return content ? decodeRegion(describe(index), content->bytes(), requiredOf) : Region::all(load(index));
}

PackedSource::PackedSource(const uint8_t* bytes, size_t byteCount, int height, int width)
    : bytes_(bytes),
      count_(byteCount / (static_cast<size_t>(height) * width * 3)),
      height_(height),
      width_(width) {}

Image PackedSource::load(size_t index) const {
  Image image(height_, width_);
  const size_t plane = static_cast<size_t>(height_) * width_;
  const uint8_t* first = bytes_ + index * plane * 3;
  interleave({first, first + plane, first + 2 * plane}, plane, image.pixels.get());
  return image;
}

Image FileSource::load(size_t index) const { return decodeBytes(describe(index), file(index)->bytes()); }

std::optional<Content> FileSource::file(size_t index) const { return Content(readFile(paths_[index])); }

SpanSource::SpanSource(std::vector<std::string> files, Spans spans)
    : files_(std::move(files)), spans_(spans) {
  const auto isFile = [&](int32_t file) { return file >= 0 && static_cast<size_t>(file) < files_.size(); };
  const bool sameSize =
      spans.file.size() == spans.offsets.size() && spans.file.size() == spans.lengths.size();
  if (!sameSize || !std::ranges::all_of(spans.file, isFile) ||
      std::ranges::any_of(spans.lengths, [](int32_t n) { return n < 0; }))
    throw std::invalid_argument("spans: expected a file, an offset and a length for each image");
}

Image SpanSource::load(size_t index) const { return decodeBytes(describe(index), file(index)->bytes()); }

std::optional<Content> SpanSource::file(size_t index) const {
  const auto& path = files_[static_cast<size_t>(spans_.file[index])];
  return Content(readSpan(path, static_cast<uint64_t>(spans_.offsets[index]),
                          static_cast<size_t>(spans_.lengths[index])));
}

EncodedSource::EncodedSource(std::span<const uint8_t> bytes, std::span<const double> offsets)
    : bytes_(bytes), offsets_(offsets) {
  if (offsets.empty() || offsets.front() < 0 || offsets.back() > static_cast<double>(bytes.size()) ||
      !std::ranges::is_sorted(offsets))
    throw std::invalid_argument("encoded images: expected offsets in order, inside the bytes");
}

Image EncodedSource::load(size_t index) const { return decodeBytes(describe(index), file(index)->bytes()); }

std::optional<Content> EncodedSource::file(size_t index) const {
  const auto begin = static_cast<size_t>(offsets_[index]), end = static_cast<size_t>(offsets_[index + 1]);
  return Content(bytes_.subspan(begin, end - begin));
}

}  // namespace lt::vision
