// libvips, as every file here uses it: started once, one thread per call, no cache, no messages of its own.
#pragma once
#include <vips/vips.h>

#include <memory>
#include <string>

namespace lt::vision {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using VipsPtr = std::unique_ptr<VipsImage, Unref>;

// Call before anything of libvips; later calls do nothing.
void startVips();

// Returns the first line of what libvips says about the last failure in this process, and clears it.
std::string takeVipsError();

}  // namespace lt::vision
