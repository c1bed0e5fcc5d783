// Formats of image files, known by their first bytes: photographs with a wrong extension are common.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lt::vision {

// Formats that are decoded.
enum class FileFormat { Jpeg, Png, Webp, Gif, Tiff, Avif, Bmp };

// "jpeg", "gif", …: the format's name in inspections. Formats that are not decoded have one, too ("heic",
// "svg"); empty for other content.
std::string formatName(std::span<const uint8_t> content);

// Nothing for content that is not decoded.
std::optional<FileFormat> formatOf(std::span<const uint8_t> content);

// Throws a DataError that names what was found instead.
FileFormat requireFormat(std::span<const uint8_t> content);

}  // namespace lt::vision
