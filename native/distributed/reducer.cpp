// Gradients of several processes: c10d's Reducer, the engine of PyTorch's DistributedDataParallel. It hooks
// into each parameter's gradient, reduces bucket after bucket while backward goes on, and leaves the mean
// over the processes.
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include "common/addon.h"
#include "common/registry.h"
#include "common/tensors.h"
#include "distributed/distributed.h"

namespace lt::distributed {
namespace {

using Shared = std::shared_ptr<c10d::Reducer>;

Registry<Shared>& reducers() {
  static auto* all = new Registry<Shared>("this reducer");
  return *all;
}

// PyTorch's sizes: a small first bucket, so that the reduction begins early.
constexpr int64_t kFirstBucket = 1 << 20;

// openReducer(group, parameters, bucketBytes) → id. The same parameters in the same order in every process.
napi_value openReducer(napi_env env, size_t, napi_value* argv) {
  auto parameters = toTensors(env, argv[1]);
  const int64_t cap = toInt(env, argv[2]);
  const std::vector<bool> sparse(parameters.size(), false);
  auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(
      parameters, {static_cast<size_t>(kFirstBucket), static_cast<size_t>(cap)}, sparse);
  std::reverse(buckets.begin(), buckets.end());  // gradients come in about the reverse order of the forward
  auto reducer = std::make_shared<c10d::Reducer>(
      std::move(parameters), std::move(buckets), groupOf(toInt(env, argv[0])), sparse, cap,
      /*find_unused_parameters=*/true, /*gradient_as_bucket_view=*/false,
      std::unordered_map<size_t, std::string>{}, kFirstBucket,
      /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<int64_t>{});
  return num(env, static_cast<double>(reducers().put(std::move(reducer))));
}

// The reducer warns once that a search for unused parameters found none, which is the case for most methods.
struct NoWarnings : c10::WarningHandler {
  void process(const c10::Warning&) override {}
};

// prepareReducer(reducer, outputs): the backward from these outputs, the next one, is reduced. Parameters
// that they do not depend on count as zero.
napi_value prepareReducer(napi_env env, size_t, napi_value* argv) {
  const auto reducer = reducers().get(toInt(env, argv[0]));
  static NoWarnings none;
  const c10::WarningUtils::WarningHandlerGuard quiet(&none);
  reducer->prepare_for_forward();
  reducer->prepare_for_backward(toTensors(env, argv[1]));
  return undefined(env);
}

napi_value closeReducer(napi_env env, size_t, napi_value* argv) {
  reducers().take(toInt(env, argv[0]));
  return undefined(env);
}

}  // namespace

void initReducer(napi_env env, napi_value exports) {
  def<openReducer, 3>(env, exports, "openReducer");
  def<prepareReducer, 2>(env, exports, "prepareReducer");
  def<closeReducer, 1>(env, exports, "closeReducer");
}

}  // namespace lt::distributed
