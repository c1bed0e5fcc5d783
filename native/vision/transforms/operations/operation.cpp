#include "vision/transforms/operations/operation.h"

#include <iterator>
#include <stdexcept>
#include <string>

#include "vision/transforms/operations/adjustments.h"

namespace lt::vision {
namespace {

void shearX(Image& image, double slope, const Sampling& sampling) {
  transform(image, {1, slope, 0, 0, 1, 0}, sampling);
}

void shearY(Image& image, double slope, const Sampling& sampling) {
  transform(image, {1, 0, 0, slope, 1, 0}, sampling);
}

void translateX(Image& image, double pixels, const Sampling& sampling) {
  transform(image, {1, 0, pixels, 0, 1, 0}, sampling);
}

void translateY(Image& image, double pixels, const Sampling& sampling) {
  transform(image, {1, 0, 0, 0, 1, pixels}, sampling);
}

constexpr Operation kOperations[] = {
    {"identity", [](Image&, double, const Sampling&) {}},
    {"shear-x", shearX},
    {"shear-y", shearY},
    {"translate-x", [](Image& image, double fraction,
                       const Sampling& sampling) { translateX(image, fraction * image.width, sampling); }},
    {"translate-y", [](Image& image, double fraction,
                       const Sampling& sampling) { translateY(image, fraction * image.height, sampling); }},
    {"translate-x-pixels", translateX},
    {"translate-y-pixels", translateY},
    {"rotate", rotate},
    {"brightness", [](Image& image, double factor,
                      const Sampling&) { adjustBrightness(image, static_cast<float>(factor)); }},
    {"color", [](Image& image, double factor,
                 const Sampling&) { adjustSaturation(image, static_cast<float>(factor)); }},
    {"contrast",
     [](Image& image, double factor, const Sampling&) { adjustContrast(image, static_cast<float>(factor)); }},
    {"sharpness", [](Image& image, double factor,
                     const Sampling&) { adjustSharpness(image, static_cast<float>(factor)); }},
    {"posterize",
     [](Image& image, double bits, const Sampling&) { posterize(image, static_cast<int>(bits)); }},
    {"solarize", [](Image& image, double threshold, const Sampling&) { solarize(image, threshold); }},
    {"solarize-add",
     [](Image& image, double addend, const Sampling&) { solarizeAdd(image, static_cast<int>(addend)); }},
    {"auto-contrast", [](Image& image, double, const Sampling&) { autoContrast(image); }},
    {"equalize", [](Image& image, double, const Sampling&) { equalize(image); }},
    {"invert", [](Image& image, double, const Sampling&) { invert(image); }},
};

constexpr const char* kInterpolations[] = {"nearest", "bilinear",
                                           "bicubic"};  // in the order of Interpolation

}  // namespace

const Operation& operationNamed(std::string_view name) {
  for (const Operation& operation : kOperations) {
    if (operation.name == name) return operation;
  }
  throw std::invalid_argument("unknown operation '" + std::string(name) + "'");
}

int numberOf(const Operation& operation) { return static_cast<int>(&operation - kOperations); }

Interpolation interpolationNamed(std::string_view name) {
  for (size_t i = 0; i < std::size(kInterpolations); i++) {
    if (kInterpolations[i] == name) return static_cast<Interpolation>(i);
  }
  throw std::invalid_argument("unknown interpolation '" + std::string(name) + "'");
}

}  // namespace lt::vision
