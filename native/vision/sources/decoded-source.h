// Images that were decoded before and lie in a file, one after the other (src/data/cache).
#pragma once
#include <atomic>
#include <memory>

#include "vision/sources/pixel-file.h"
#include "vision/sources/source.h"

namespace lt::vision {

class DecodedSource : public Source {
 public:
  struct Layout {
    size_t start;  // of the first image in the file
    std::span<const int32_t> heights, widths;
    std::span<const int32_t> checksums;  // CRC-32C of each image's pixels
  };

  // `origin` is the source from which they were decoded; it names them in messages.
  DecodedSource(std::unique_ptr<const Source> origin, const std::string& path, Layout layout);
  size_t size() const override { return entries_.size(); }
  Image load(size_t index) const override;
  Region region(size_t index, const RequiredWindowOf& requiredOf) const override;
  std::string describe(size_t index) const override { return origin_->describe(index); }
  std::optional<Content> file(size_t index) const override { return origin_->file(index); }

 private:
  struct Entry {
    uint64_t offset;
    Size size;
    uint32_t checksum;
  };

  // Reads rows of an image. What is read of an image for the first time is compared with its checksum.
  std::span<const uint8_t> rows(size_t index, int top, int height) const;

  Window requiredWindow(size_t index, const RequiredWindowOf& requiredOf) const;

  std::unique_ptr<const Source> origin_;
  PixelFile file_;
  std::vector<Entry> entries_;
  mutable std::vector<std::atomic<bool>> verified_;
};

}  // namespace lt::vision
