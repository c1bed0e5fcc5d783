#ifdef LT_JPEG
#include "vision/codecs/jpeg-library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <string_view>

namespace lt::vision {
namespace {

// libjpeg-turbo's file name says which version of libjpeg's interface it was built with.
constexpr const char* kFileName = JPEG_LIB_VERSION >= 80   ? "libjpeg.so.8"
                                  : JPEG_LIB_VERSION >= 70 ? "libjpeg.so.7"
                                                           : "libjpeg.so.62";

// RTLD_DEEPBIND: the library's calls of its own functions stay inside it, whatever else the process has
// loaded. AddressSanitizer cannot do with it.
#ifdef __SANITIZE_ADDRESS__
constexpr int kMode = RTLD_NOW | RTLD_LOCAL;
#else
constexpr int kMode = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#endif

const JpegLibrary* open() {
  static JpegLibrary library;
  const char* choice = std::getenv("LONGTAIL_JPEG");
  if (choice && std::string_view(choice) == "vips") return nullptr;
  void* handle = dlopen(kFileName, kMode);
  if (!handle) return nullptr;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
    return function != nullptr;
  };
  const bool whole =
      find(library.stdError, "jpeg_std_error") && find(library.createDecompress, "jpeg_CreateDecompress") &&
      find(library.destroyDecompress, "jpeg_destroy_decompress") && find(library.memSrc, "jpeg_mem_src") &&
      find(library.saveMarkers, "jpeg_save_markers") && find(library.readHeader, "jpeg_read_header") &&
      find(library.startDecompress, "jpeg_start_decompress") &&
      find(library.readScanlines, "jpeg_read_scanlines") &&
      find(library.skipScanlines, "jpeg_skip_scanlines") &&
      find(library.cropScanline, "jpeg_crop_scanline") &&
      find(library.finishDecompress, "jpeg_finish_decompress");
  return whole ? &library : nullptr;
}

}  // namespace

const JpegLibrary* jpegLibrary() {
  static const JpegLibrary* const library = open();
  return library;
}

}  // namespace lt::vision
#endif
