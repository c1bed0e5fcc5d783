// JavaScript's side of the optional CUDA library: streams and recorded work.
#include "common/addon.h"
#include "common/napi.h"
#include "common/registry.h"
#include "cuda/cuda-library.h"

namespace lt::cuda {
namespace {

// Never freed, like the stores: threads may outlive the static objects of an exiting process.
Registry<std::shared_ptr<Graph>>& graphs() {
  static auto* all = new Registry<std::shared_ptr<Graph>>("this recording");
  return *all;
}

// loadCudaLibrary(library): throws unless it can be opened
napi_value loadCudaLibrary(napi_env env, size_t, napi_value* argv) {
  openLibrary(toStr(env, argv[0]));
  return undefined(env);
}

// useOwnStream(library, GPU's number)
napi_value useOwnStream(napi_env env, size_t, napi_value* argv) {
  openLibrary(toStr(env, argv[0]))->useOwnStream(static_cast<int>(toInt(env, argv[1])));
  return undefined(env);
}

// beginGraph(library) → id: what this thread gives its stream to do from here on is recorded, not done
napi_value beginGraph(napi_env env, size_t, napi_value* argv) {
  auto graph = openLibrary(toStr(env, argv[0]))->graph();
  graph->begin();
  return num(env, static_cast<double>(graphs().put(std::move(graph))));
}

napi_value endGraph(napi_env env, size_t, napi_value* argv) {
  graphs().get(toInt(env, argv[0]))->end();
  return undefined(env);
}

napi_value replayGraph(napi_env env, size_t, napi_value* argv) {
  graphs().get(toInt(env, argv[0]))->replay();
  return undefined(env);
}

napi_value closeGraph(napi_env env, size_t, napi_value* argv) {
  graphs().take(toInt(env, argv[0]));
  return undefined(env);
}

}  // namespace

void initGraphs(napi_env env, napi_value exports) {
  def<loadCudaLibrary, 1>(env, exports, "loadCudaLibrary");
  def<useOwnStream, 2>(env, exports, "useOwnStream");
  def<beginGraph, 1>(env, exports, "beginGraph");
  def<endGraph, 1>(env, exports, "endGraph");
  def<replayGraph, 1>(env, exports, "replayGraph");
  def<closeGraph, 1>(env, exports, "closeGraph");
}

}  // namespace lt::cuda
