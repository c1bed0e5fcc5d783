// Process groups: c10d's, with Gloo for tensors in the machine's memory and, where the CUDA library is there,
// NCCL for those on a GPU. Every call waits until it is done, a peer is lost or the group's timeout has
// passed.
#include <ATen/ops/empty_like.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <memory>

#include "common/addon.h"
#include "common/registry.h"
#include "common/tensors.h"
#include "cuda/cuda-library.h"
#include "distributed/distributed.h"
#include "distributed/mesh.h"
#include "distributed/sync-batch-norm.h"

namespace lt::distributed {
namespace {

using Group = c10::intrusive_ptr<c10d::ProcessGroup>;

// The maximum number of processes that are each connected to all others for short messages.
constexpr int kFew = 8;

struct Connections {
  Group group;
  std::shared_ptr<Mesh> mesh;  // null for more than a few processes
};

// Never freed, like the stores: threads may outlive the static objects of an exiting process.
Registry<std::shared_ptr<const Connections>>& groups() {
  static auto* all = new Registry<std::shared_ptr<const Connections>>("this process group");
  return *all;
}

// openGroup(store, rank, size, address, timeoutMs) → id. All processes have to be at the store.
napi_value openGroup(napi_env env, size_t, napi_value* argv) {
  const auto store = storeOf(toInt(env, argv[0]));
  const int rank = static_cast<int>(toInt(env, argv[1])), size = static_cast<int>(toInt(env, argv[2]));
  const std::string address = toStr(env, argv[3]);
  const std::chrono::milliseconds timeout(toInt(env, argv[4]));
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(address));
  auto gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(
      c10::make_intrusive<c10d::PrefixStore>("gloo", store), rank, size, options);
  auto group = c10::make_intrusive<c10d::ProcessGroup>(store, rank, size);
  group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO,
                    std::optional<c10::intrusive_ptr<c10d::Backend>>(std::move(gloo)));
  auto mesh = size > kFew ? nullptr : std::make_shared<Mesh>(*store, rank, size, address, timeout);
  return num(env, static_cast<double>(groups().put(
                      std::make_shared<const Connections>(Connections{std::move(group), std::move(mesh)}))));
}

// addNccl(group, store, rank, size, timeoutMs, library): tensors on a GPU go by NCCL from here on
napi_value addNccl(napi_env env, size_t, napi_value* argv) {
  const auto group = groupOf(toInt(env, argv[0]));
  const auto* library = cuda::openLibrary(toStr(env, argv[5]));
  const auto store = c10::make_intrusive<c10d::PrefixStore>("nccl", storeOf(toInt(env, argv[1])));
  auto nccl =
      library->nccl(store, static_cast<int>(toInt(env, argv[2])), static_cast<int>(toInt(env, argv[3])),
                    std::chrono::milliseconds(toInt(env, argv[4])));
  group->setBackend(c10::DeviceType::CUDA, c10d::ProcessGroup::BackendType::NCCL,
                    std::optional<c10::intrusive_ptr<c10d::Backend>>(std::move(nccl)));
  return undefined(env);
}

void waitFor(const std::vector<c10::intrusive_ptr<c10d::Work>>& works) {
  for (const auto& work : works) work->wait();
}

template <class Start>
napi_value onEach(napi_env env, napi_value tensors, Start start) {
  std::vector<c10::intrusive_ptr<c10d::Work>> works;
  for (auto& tensor : toTensors(env, tensors)) {
    std::vector<at::Tensor> one{tensor.detach()};
    works.push_back(start(one));
  }
  waitFor(works);
  return undefined(env);
}

// broadcast(group, tensors, root): in place
napi_value broadcast(napi_env env, size_t, napi_value* argv) {
  const auto group = groupOf(toInt(env, argv[0]));
  c10d::BroadcastOptions options;
  options.rootRank = toInt(env, argv[2]);
  return onEach(env, argv[1], [&](auto& tensor) { return group->broadcast(tensor, options); });
}

c10d::ReduceOp::RedOpType reductionOf(const std::string& name) {
  if (name == "sum") return c10d::ReduceOp::SUM;
  if (name == "max") return c10d::ReduceOp::MAX;
  if (name == "min") return c10d::ReduceOp::MIN;
  throw JsError("TYPE", "allReduce: expected sum, max or min, received " + name);
}

// allReduce(group, tensors, "sum" | "max" | "min"): in place
napi_value allReduce(napi_env env, size_t, napi_value* argv) {
  const auto group = groupOf(toInt(env, argv[0]));
  c10d::AllreduceOptions options;
  options.reduceOp = reductionOf(toStr(env, argv[2]));
  return onEach(env, argv[1], [&](auto& tensor) { return group->allreduce(tensor, options); });
}

// allGather(group, tensor) → every rank's, in order of rank; all of the same shape and type
napi_value allGather(napi_env env, size_t, napi_value* argv) {
  const auto group = groupOf(toInt(env, argv[0]));
  std::vector<at::Tensor> own{toTensor(env, argv[1]).detach().contiguous()};
  std::vector<std::vector<at::Tensor>> all(1);
  for (int rank = 0; rank < group->getSize(); rank++) all[0].push_back(at::empty_like(own[0]));
  group->allgather(all, own)->wait();
  const napi_value result = array(env, all[0].size());
  for (uint32_t i = 0; i < all[0].size(); i++) set(env, result, i, fromTensor(env, all[0][i]));
  return result;
}

// barrier(group): returns when every process has come to it
napi_value barrier(napi_env env, size_t, napi_value* argv) {
  groupOf(toInt(env, argv[0]))->getBackend(c10::DeviceType::CPU)->barrier()->wait();
  return undefined(env);
}

// closeGroup(group): its connections end, and with them what its peers wait for
napi_value closeGroup(napi_env env, size_t, napi_value* argv) {
  groups().take(toInt(env, argv[0]));
  return undefined(env);
}

}  // namespace

Group groupOf(int64_t id) { return groups().get(id)->group; }

std::shared_ptr<Mesh> meshOf(int64_t id) { return groups().get(id)->mesh; }

void initGroups(napi_env env, napi_value exports) {
  defineSyncBatchNorm();
  def<openGroup, 5>(env, exports, "openGroup");
  def<addNccl, 6>(env, exports, "addNccl");
  def<broadcast, 3>(env, exports, "broadcast");
  def<allReduce, 3>(env, exports, "allReduce");
  def<allGather, 2>(env, exports, "allGather");
  def<barrier, 1>(env, exports, "barrier");
  def<closeGroup, 1>(env, exports, "closeGroup");
}

}  // namespace lt::distributed
