// The optional CUDA library, opened when it is first needed.
#pragma once
#include <string>

#include "cuda/interface.h"

namespace lt::cuda {

const Library* openLibrary(const std::string& path);  // throws a JsError that says why it cannot be opened

}  // namespace lt::cuda
