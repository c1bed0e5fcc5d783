// A dataset's pixels, as JavaScript describes them (src/data/dataset.ts), made a source of images.
#pragma once
#include <node_api.h>

#include <memory>
#include <vector>

#include "vision/sources/source.h"

namespace lt {

// The source borrows the memory of some of the object's arrays: keep those of `borrowed` alive as long as it.
struct BorrowingSource {
  std::unique_ptr<const Source> source;
  std::vector<napi_value> borrowed;
};

BorrowingSource toSource(napi_env env, napi_value pixels);

}  // namespace lt
