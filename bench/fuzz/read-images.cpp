// Reads the image files whose paths come as lines, each in every way that the addon does, and answers a line to each:
// "read" or "refused". See sanitized.mjs.
#include <iostream>
#include <string>

#include "vision/codecs/decode.h"
#include "vision/inspection/inspect.h"
#include "vision/sources/read.h"
#include "vision/sources/source.h"

int main() {
  using namespace lt::vision;
  for (std::string path; std::getline(std::cin, path);) {
    bool isRead = true;
    const FileSource source({path});
    inspect(source, 0, Depth::Whole);
    thumbnailOf(source, 0, 16);
    try {
      const auto content = readFile(path);
      decodeBytes(path, content);
      decodeRegion(path, content, [](Size size) {
        return RequiredWindow{{size.height / 4, size.width / 4, (size.height + 1) / 2, (size.width + 1) / 2}, 1};
      });
    } catch (const DataError&) {
      isRead = false;
    }
    std::cout << (isRead ? "read" : "refused") << std::endl;
  }
  endDecodingThread();
}
