// Several processes: stores, process groups, the reducer of gradients, synchronised batch norm. All of it is
// c10d's.
#pragma once
#include <node_api.h>

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace lt {

void initDistributed(napi_env env, napi_value exports);

namespace distributed {

c10::intrusive_ptr<c10d::Store> storeOf(int64_t id);         // throws for an unknown one
c10::intrusive_ptr<c10d::ProcessGroup> groupOf(int64_t id);  // throws for one that was closed
class Mesh;
std::shared_ptr<Mesh> meshOf(int64_t id);  // of a group; null for one of more than a few processes

// Each topic's functions.
void initStores(napi_env env, napi_value exports);
void initGroups(napi_env env, napi_value exports);
void initReducer(napi_env env, napi_value exports);
void defineSyncBatchNorm();

}  // namespace distributed
}  // namespace lt
