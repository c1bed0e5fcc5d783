// Images that were decoded before and lie in a file, one after the other (src/data/cache).
#pragma once
#include <memory>

#include "vision/sources/mapped-file.h"
#include "vision/sources/source.h"

namespace lt::vision {

class DecodedSource : public Source {
 public:
  struct Layout {
    size_t start;  // of the first image in the file
    std::span<const int32_t> heights, widths;
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
    const uint8_t* pixels;
    Size size;
  };

  Window requiredWindow(size_t index, const RequiredWindowOf& requiredOf) const;

  std::unique_ptr<const Source> origin_;
  MappedFile file_;
  std::vector<Entry> entries_;
};

}  // namespace lt::vision
