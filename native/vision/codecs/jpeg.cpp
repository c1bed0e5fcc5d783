#include "vision/codecs/jpeg.h"

#ifdef LT_JPEG
#include <jerror.h>

#include <algorithm>
#include <csetjmp>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "vision/codecs/color-profile.h"
#include "vision/codecs/jpeg-library.h"
#include "vision/image/budget.h"
#include "vision/image/interruption.h"
#include "vision/image/orientation.h"
#include "vision/image/pixel-order.h"

namespace lt::vision {
namespace {

constexpr int kExifMarker = JPEG_APP0 + 1;
constexpr int kProfileMarker = JPEG_APP0 + 2;

// Before the bytes of a color profile, which may take several markers: their number and how many there are
// follow.
constexpr std::string_view kProfileName("ICC_PROFILE\0", 12);

// Color is stored at half the resolution and interpolated, from neighbors that are not there where decoding
// begins. This many pixels around a window are decoded with it and come out different.
constexpr int kMargin = 4;

// libjpeg reports an error by a function that must not return, and it cannot be passed by a C++ exception.
struct Errors : jpeg_error_mgr {
  std::jmp_buf escape;
  char text[JMSG_LENGTH_MAX];
};

[[noreturn]] void onError(j_common_ptr state) {
  auto& errors = static_cast<Errors&>(*state->err);
  errors.format_message(state, errors.text);
  std::longjmp(errors.escape, 1);
}

// The end of the file before the end of the image is an error. Other warnings are not, as in Pillow:
// photographs with a few odd bytes are common, and they decode.
void onWarning(j_common_ptr state, int level) {
  if (level < 0 && state->err->msg_code == JWRN_JPEG_EOF) onError(state);
}

void onProgress(j_common_ptr state) {
  const auto decompressor = reinterpret_cast<j_decompress_ptr>(state);
  auto& errors = static_cast<Errors&>(*state->err);
  if (Interruptible::isInterrupted()) std::longjmp(errors.escape, 1);
  if (decompressor->input_scan_number <= kMaxScans) return;
  std::snprintf(errors.text, sizeof(errors.text), "more than %d scans", kMaxScans);
  std::longjmp(errors.escape, 1);
}

class JpegDecoder {
 public:
  explicit JpegDecoder(std::span<const uint8_t> content) : library_(*jpegLibrary()) {
    state_.err = library_.stdError(&errors_);
    errors_.error_exit = onError;
    errors_.emit_message = onWarning;
    progress_.progress_monitor = onProgress;
    try {
      guarded([&] {
        library_.createDecompress(&state_, JPEG_LIB_VERSION, sizeof(state_));
        state_.progress = &progress_;
        library_.memSrc(&state_, content.data(), static_cast<unsigned long>(content.size()));
        library_.saveMarkers(&state_, kExifMarker, 0xFFFF);
        library_.saveMarkers(&state_, kProfileMarker, 0xFFFF);
        library_.readHeader(&state_, TRUE);
      });
      chooseColors();
      requireSize(height(), width());
    } catch (...) {
      library_.destroyDecompress(&state_);
      throw;
    }
  }
  ~JpegDecoder() { library_.destroyDecompress(&state_); }
  JpegDecoder(const JpegDecoder&) = delete;

  int height() const { return static_cast<int>(state_.image_height); }
  int width() const { return static_cast<int>(state_.image_width); }

  int orientation() const {
    for (auto marker = state_.marker_list; marker; marker = marker->next) {
      if (marker->marker != kExifMarker) continue;
      const int found = exifOrientation({marker->data, marker->data_length});
      if (found != 1) return found;
    }
    return 1;
  }

  // The profile of what was decoded; empty where there is none, or none that fits. For the end: decoding
  // needs it.
  std::vector<uint8_t> takeProfile() { return std::move(profile_); }

  Raster decode() {
    guarded([&] { library_.startDecompress(&state_); });
    Raster raster = read(height(), width());
    guarded([&] { library_.finishDecompress(&state_); });
    return raster;
  }

  // Skips the rows above the window and does not look at those below. Returns what was decoded, and where
  // that lies in the reduced image.
  std::pair<Raster, Window> decodeRegion(const RequiredWindow& required) {
    const auto& [window, reduction] = required;
    const auto begin = [&](int first) { return std::max(0, first / reduction - kMargin); };
    const auto end = [&](int last, int size) {
      return std::min((size + reduction - 1) / reduction, (last + reduction - 1) / reduction + kMargin);
    };
    const int top = begin(window.top), bottom = end(window.top + window.height, height());
    const int left = begin(window.left), right = end(window.left + window.width, width());
    JDIMENSION from = static_cast<JDIMENSION>(left), wide = static_cast<JDIMENSION>(right - left);
    state_.scale_denom = static_cast<unsigned int>(reduction);  // of scale_num, 1
    guarded([&] {
      library_.startDecompress(&state_);
      // `from` moves left, to a block's edge.
      if (wide < state_.output_width) library_.cropScanline(&state_, &from, &wide);
      if (top > 0) library_.skipScanlines(&state_, static_cast<JDIMENSION>(top));
    });
    Raster raster = read(bottom - top, static_cast<int>(wide));
    const Window decoded = {top, static_cast<int>(from), raster.height, raster.width};
    return {std::move(raster), decoded};
  }

 private:
  // Calls libjpeg's functions. `call` and all it calls must not make objects that need their destructors.
  template <class Call>
  void guarded(Call call) {
    if (setjmp(errors_.escape)) {
      Interruptible::check();
      failDecoding(errors_.text);
    }
    call();
  }

  jpeg_saved_marker_ptr profilePiece(int number) const {
    for (auto marker = state_.marker_list; marker; marker = marker->next) {
      if (marker->marker != kProfileMarker || marker->data_length < kProfileName.size() + 2) continue;
      const auto* text = reinterpret_cast<const char*>(marker->data);
      if (std::string_view(text, kProfileName.size()) != kProfileName) continue;
      if (marker->data[kProfileName.size()] == number) return marker;
    }
    return nullptr;
  }

  std::vector<uint8_t> wholeProfile() const {
    std::vector<uint8_t> profile;
    for (int number = 1; const auto* piece = profilePiece(number); number++) {
      const size_t header = kProfileName.size() + 2;
      profile.insert(profile.end(), piece->data + header, piece->data + piece->data_length);
    }
    return profile;
  }

  bool isCmyk() const { return state_.out_color_space == JCS_CMYK; }

  void chooseColors() {
    const int channels = state_.num_components;
    if (channels != 1 && channels != 3 && channels != 4)
      throw DataError("expected 1, 3 or 4 channels, found " + std::to_string(channels));
    if (auto profile = wholeProfile(); isProfileOf(channels, profile)) profile_ = std::move(profile);
    const bool isGrayKept = channels == 1 && !profile_.empty();
    state_.out_color_space = channels == 4 ? JCS_CMYK : isGrayKept ? JCS_GRAYSCALE : JCS_RGB;
  }

  // Reads the next rows: RGB, unless a profile needs the file's own colors.
  Raster read(int height, int width) {
    const int channels = profile_.empty() ? Image::kChannels : state_.num_components;
    Raster raster(height, width, channels);
    std::vector<uint8_t> inks(isCmyk() && profile_.empty() ? static_cast<size_t>(width) * 4 : 0);
    guarded([&] {
      for (int y = 0; y < height; y++) {
        if (Interruptible::isInterrupted()) std::longjmp(errors_.escape, 1);
        JSAMPROW row = inks.empty() ? raster.row(y) : inks.data();
        library_.readScanlines(&state_, &row, 1);
        if (isCmyk()) invert(row, 4 * width);
        if (!inks.empty()) cmykToRgb(row, width, raster.row(y));
      }
    });
    return raster;
  }

  // CMYK is stored inverted, as by Adobe's programs; Pillow treats all CMYK files so.
  static void invert(uint8_t* inks, int count) {
    for (int i = 0; i < count; i++) inks[i] = 255 - inks[i];
  }

  const JpegLibrary& library_;
  jpeg_decompress_struct state_{};
  Errors errors_;
  jpeg_progress_mgr progress_{};
  std::vector<uint8_t> profile_;
};

}  // namespace

bool hasJpegLibrary() { return jpegLibrary() != nullptr; }

std::string jpegLibraryVersion() {
  constexpr int kVersion = LIBJPEG_TURBO_VERSION_NUMBER;  // three digits a part
  const auto part = [](int unit) { return std::to_string(kVersion / unit % 1000); };
  return "libjpeg-turbo " + part(1000000) + "." + part(1000) + "." + part(1);
}

namespace {

// Frees the decoder before colors are converted and the image is turned, which take as much memory again.
Image decodeUpright(std::unique_ptr<JpegDecoder> decoder) {
  const int orientation = decoder->orientation();
  Raster raster = decoder->decode();
  const std::vector<uint8_t> profile = decoder->takeProfile();
  decoder.reset();
  Image image = toSrgb(std::move(raster), profile);
  return upright(std::move(image), orientation);
}

}  // namespace

Image decodeJpeg(std::span<const uint8_t> content) {
  return decodeUpright(std::make_unique<JpegDecoder>(content));
}

// A file that was cut off does not end with the mark of the end (which occurs in no image data): it is
// decoded as a whole, so that it is refused whichever window is required. So is an image that must be turned.
Region decodeJpegRegion(std::span<const uint8_t> content, const RequiredWindowOf& requiredOf) {
  auto decoder = std::make_unique<JpegDecoder>(content);
  const bool endsWell = content[content.size() - 2] == 0xFF && content.back() == JPEG_EOI;
  if (!endsWell || decoder->orientation() != 1) return Region::all(decodeUpright(std::move(decoder)));
  const Size whole = {decoder->height(), decoder->width()};
  const RequiredWindow required = requiredOf(whole);
  auto [raster, window] = decoder->decodeRegion(required);
  const std::vector<uint8_t> profile = decoder->takeProfile();
  decoder.reset();
  return {toSrgb(std::move(raster), profile), window, whole, required.reduction};
}

}  // namespace lt::vision

#else

namespace lt::vision {

bool hasJpegLibrary() { return false; }

std::string jpegLibraryVersion() { return {}; }

Image decodeJpeg(std::span<const uint8_t>) { throw std::logic_error("decodeJpeg: built without libjpeg"); }

Region decodeJpegRegion(std::span<const uint8_t>, const RequiredWindowOf&) {
  throw std::logic_error("decodeJpegRegion: built without libjpeg");
}

}  // namespace lt::vision
#endif
