// The system's libjpeg-turbo, opened when the first JPEG is decoded. Only where its headers were there at
// build time.
#pragma once
#include <cstdio>

#include <jpeglib.h>

namespace lt::vision {

// The library's functions. Not linked with: the program must start without the library, and its names must
// not be confused with those of another libjpeg in the process (libvips has one inside).
struct JpegLibrary {
  decltype(&jpeg_std_error) stdError;
  decltype(&jpeg_CreateDecompress) createDecompress;
  decltype(&jpeg_destroy_decompress) destroyDecompress;
  decltype(&jpeg_mem_src) memSrc;
  decltype(&jpeg_save_markers) saveMarkers;
  decltype(&jpeg_read_header) readHeader;
  decltype(&jpeg_start_decompress) startDecompress;
  decltype(&jpeg_read_scanlines) readScanlines;
  decltype(&jpeg_skip_scanlines) skipScanlines;
  decltype(&jpeg_crop_scanline) cropScanline;
  decltype(&jpeg_finish_decompress) finishDecompress;
};

// Null when there is no library of the version that the headers describe, or LONGTAIL_JPEG is "vips".
const JpegLibrary* jpegLibrary();

}  // namespace lt::vision
