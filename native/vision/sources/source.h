// Sources of images: pixels in memory, files, spans of files, or files in memory.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vision/image/region.h"

namespace lt::vision {

// An image file's content: its own, or memory that the source borrows.
class Content {
 public:
  explicit Content(std::vector<uint8_t> owned) : owned_(std::move(owned)), bytes_(owned_) {}
  explicit Content(std::span<const uint8_t> borrowed) : bytes_(borrowed) {}
  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> owned_;
  std::span<const uint8_t> bytes_;
};

class Source {
 public:
  virtual ~Source() = default;
  virtual size_t size() const = 0;
  virtual Image load(size_t index) const = 0;  // any thread; throws a DataError

  // Returns at least the required window of the image; not every source reduces. Any thread may call it;
  // throws a DataError.
  virtual Region region(size_t index, const RequiredWindowOf& requiredOf) const;
  virtual std::string describe(size_t index) const = 0;  // for error messages

  // Returns the content that load() decodes; nothing where images are not files. Any thread may call it;
  // throws a DataError.
  virtual std::optional<Content> file(size_t index) const = 0;
};

// Images in CIFAR's layout: [N, 3, H, W], one plane per channel. Borrows the bytes.
class PackedSource : public Source {
 public:
  PackedSource(const uint8_t* bytes, size_t byteCount, int height, int width);
  size_t size() const override { return count_; }
  Image load(size_t index) const override;
  std::string describe(size_t index) const override { return "image " + std::to_string(index); }
  std::optional<Content> file(size_t) const override { return {}; }

 private:
  const uint8_t* bytes_;
  size_t count_;
  int height_, width_;
};

class FileSource : public Source {
 public:
  explicit FileSource(std::vector<std::string> paths) : paths_(std::move(paths)) {}
  size_t size() const override { return paths_.size(); }
  Image load(size_t index) const override;
  std::string describe(size_t index) const override { return paths_[index]; }
  std::optional<Content> file(size_t index) const override;

 private:
  std::vector<std::string> paths_;
};

// Image files that are spans of other files. Borrows the arrays, which have one entry per image.
class SpanSource : public Source {
 public:
  struct Spans {
    std::span<const int32_t> file;  // which of the files
    std::span<const double> offsets;
    std::span<const int32_t> lengths;
  };

  SpanSource(std::vector<std::string> files, Spans spans);
  size_t size() const override { return spans_.file.size(); }
  Image load(size_t index) const override;
  std::string describe(size_t index) const override { return "image " + std::to_string(index); }
  std::optional<Content> file(size_t index) const override;

 private:
  std::vector<std::string> files_;
  Spans spans_;
};

// Image files in memory, one after the other: image i lies from offsets[i] to offsets[i + 1]. Borrows both.
class EncodedSource : public Source {
 public:
  EncodedSource(std::span<const uint8_t> bytes, std::span<const double> offsets);
  size_t size() const override { return offsets_.size() - 1; }
  Image load(size_t index) const override;
  std::string describe(size_t index) const override { return "image " + std::to_string(index); }
  std::optional<Content> file(size_t index) const override;

 private:
  std::span<const uint8_t> bytes_;
  std::span<const double> offsets_;
};

}  // namespace lt::vision
