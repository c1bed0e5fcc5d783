// Several processes: stores, process groups, the reducer of gradients, synchronized batch norm. All of them
// are c10d's.
#pragma once
#include <memory>

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace lt::distributed {

c10::intrusive_ptr<c10d::Store> storeOf(int64_t id);         // throws for an unknown one
c10::intrusive_ptr<c10d::ProcessGroup> groupOf(int64_t id);  // throws for one that was closed
class Mesh;
std::shared_ptr<Mesh> meshOf(int64_t id);  // of a group; null for one of more than a few processes

}  // namespace lt::distributed
