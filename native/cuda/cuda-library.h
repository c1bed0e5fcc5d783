// The optional CUDA library, opened when it is first needed.
#pragma once
#include <string>

#include "cuda/interface.h"

namespace lt::cuda {

// Throws a JsError that says why the library cannot be opened.
const Library* openLibrary(const std::string& path);

}  // namespace lt::cuda
