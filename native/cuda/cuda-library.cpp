#include "cuda/cuda-library.h"

#include <dlfcn.h>

#include "common/napi.h"

namespace lt::cuda {

const Library* openLibrary(const std::string& path) {
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) throw JsError("NATIVE", std::string("the CUDA library cannot be opened: ") + ::dlerror());
  const auto open = reinterpret_cast<const Library* (*)()>(::dlsym(handle, "longtail_cuda_library"));
  if (!open) throw JsError("NATIVE", path + " is not longtail's CUDA library");
  return open();
}

}  // namespace lt::cuda
