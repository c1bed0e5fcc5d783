// Where images come from: pixels in memory or a list of files.
#pragma once
#include <string>
#include <vector>

#include "vision/image.h"

namespace lt {

class Source {
 public:
  virtual ~Source() = default;
  virtual size_t size() const = 0;
  virtual Image load(size_t index) const = 0;           // any thread; throws DataError
  virtual std::string describe(size_t index) const = 0; // for error messages
};

// CIFAR's layout: [N, 3, H, W], a plane a channel. Borrows the bytes.
class PackedSource : public Source {
 public:
  PackedSource(const uint8_t* bytes, size_t byteCount, int height, int width);
  size_t size() const override { return count_; }
  Image load(size_t index) const override;
  std::string describe(size_t index) const override { return "image " + std::to_string(index); }

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

 private:
  std::vector<std::string> paths_;
};

}  // namespace lt
