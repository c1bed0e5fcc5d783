// The engine's switches: threads, determinism, autocast, warnings, devices.
#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/version.h>

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <deque>
#include <mutex>

#include "common/addon.h"
#include "common/napi.h"
#include "torch/dtypes.h"

namespace lt {
namespace {

napi_value setThreads(napi_env env, size_t, napi_value* argv) {
  const auto threads = toInt(env, argv[0]);
  if (threads < 1)
    throw JsError("TYPE", "setThreads: expected at least 1 thread, received " + std::to_string(threads));
  at::set_num_threads(static_cast<int>(threads));
  return undefined(env);
}

napi_value threads(napi_env env, size_t, napi_value*) { return num(env, at::get_num_threads()); }

napi_value setDeterministic(napi_env env, size_t, napi_value* argv) {
  at::globalContext().setDeterministicAlgorithms(toBool(env, argv[0]), /*warn_only=*/false);
  at::globalContext().setDeterministicFillUninitializedMemory(false);  // it would fill every fresh tensor
  return undefined(env);
}

// setAutocast(device, dtype | null) → the dtype before, or null
napi_value setAutocast(napi_env env, size_t, napi_value* argv) {
  const auto device = c10::Device(toStr(env, argv[0])).type();
  const bool before = at::autocast::is_autocast_enabled(device);
  const napi_value result =
      before ? str(env, dtypeName(at::autocast::get_autocast_dtype(device))) : null(env);
  const bool on = !isNil(env, argv[1]);
  if (on) at::autocast::set_autocast_dtype(device, dtypeOf(toStr(env, argv[1])));
  at::autocast::set_autocast_enabled(device, on);
  at::autocast::clear_cache();
  return result;
}

// Makes the heap grow at once, so that Linux backs its first part by pages of 2 MiB, where it gives them to
// those who ask. This takes only addresses, 1.8 GiB: memory comes when it is written. A training step of 3 x
// ResNet-32 takes 0.95 of the time (8 rounds in turns, idle; CPU 0.96).
#ifdef __GLIBC__
void takeHugePages() {
  constexpr size_t kBlock = 30 << 20, kPage = 4096;  // a block that malloc still takes from the heap
  const auto before = reinterpret_cast<uintptr_t>(sbrk(0));
  std::array<void*, 60> blocks{};
  for (auto& block : blocks) block = std::malloc(kBlock);
  for (auto* block : blocks) std::free(block);
  const auto after = reinterpret_cast<uintptr_t>(sbrk(0));
  const auto from = (before + kPage - 1) / kPage * kPage;
  if (after > from) madvise(reinterpret_cast<void*>(from), after - from, MADV_HUGEPAGE);
}
#endif

// Activations are freed and allocated anew in every step. glibc would return the large ones to the system
// each time and pay for them page by page; when it keeps them, a training step of 3 x ResNet-32 takes 0.91 of
// the time (bench/step.mjs).
void keepFreedMemory() {
#ifdef __GLIBC__
  // The user's choice comes first.
  if (std::getenv("MALLOC_MMAP_THRESHOLD_") || std::getenv("MALLOC_TRIM_THRESHOLD_")) return;
  // 32 MiB is the largest value that older versions take.
  if (!mallopt(M_MMAP_THRESHOLD, 1 << 30)) mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
  takeHugePages();
#endif
}

struct WarningQueue : c10::WarningHandler {
  std::mutex mutex;
  std::deque<std::string> messages;
  void process(const c10::Warning& warning) override {
    std::lock_guard<std::mutex> lock(mutex);
    if (messages.size() < 1000) messages.push_back(warning.msg().substr(0, warning.msg().find('\n')));
  }
};
WarningQueue warnings;

// takeWarnings() → the messages since the last call
napi_value takeWarnings(napi_env env, size_t, napi_value*) {
  std::deque<std::string> taken;
  {
    std::lock_guard<std::mutex> lock(warnings.mutex);
    taken.swap(warnings.messages);
  }
  const napi_value result = array(env, taken.size());
  for (uint32_t i = 0; i < taken.size(); i++) set(env, result, i, str(env, taken[i]));
  return result;
}

napi_value engineInfo(napi_env env, size_t, napi_value*) {
  const napi_value result = object(env);
  set(env, result, "version", str(env, TORCH_VERSION));
  set(env, result, "cudaDevices", num(env, at::hasCUDA() ? at::accelerator::deviceCount() : 0));
  set(env, result, "onednn", boolean(env, at::hasMKLDNN()));
  set(env, result, "threads", num(env, at::get_num_threads()));
  set(env, result, "deterministic", boolean(env, at::globalContext().deterministicAlgorithms()));
  set(env, result, "cpuCapability", str(env, at::get_cpu_capability()));
  return result;
}

}  // namespace

void initSettings(napi_env env, napi_value exports) {
  keepFreedMemory();
  c10::WarningUtils::set_warning_handler(&warnings);  // per thread, so for each environment
  def<setThreads, 1>(env, exports, "setThreads");
  def<threads, 0>(env, exports, "threads");
  def<setDeterministic, 1>(env, exports, "setDeterministic");
  def<setAutocast, 2>(env, exports, "setAutocast");
  def<takeWarnings, 0>(env, exports, "takeWarnings");
  def<engineInfo, 0>(env, exports, "engineInfo");
}

}  // namespace lt
