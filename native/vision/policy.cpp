#include "vision/policy.h"

#include <charconv>

namespace lt {
namespace {

std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

Policy::Policy(const Options& options) : fill_(colorOf(options, "fill")) {}

void Policy::apply(Image& image, Philox& random) const {
  for (const auto& [operation, value, interpolation] : draw(random).steps) operation->apply(image, value, {interpolation, fill_});
}

std::string describe(const Draw& draw) {
  std::string text = std::to_string(draw.alternative) + ":";
  for (const auto& [operation, value, interpolation] : draw.steps) {
    if (text.back() != ':') text += ",";
    text += std::string(" ") + operation->name + " " + shortest(value) + " " + nameOf(interpolation);
  }
  return text;
}

Color colorOf(const Options& options, const char* key) {
  const std::vector<double> values = options.numbers(key);
  if (values.size() != Image::channels) throw std::invalid_argument(std::string(key) + ": expected three levels, 0 to 255");
  return {static_cast<uint8_t>(values[0]), static_cast<uint8_t>(values[1]), static_cast<uint8_t>(values[2])};
}

}  // namespace lt
