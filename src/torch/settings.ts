/** The engine's switches: threads, determinism, autocast, warnings. */
import { native, type EngineInfo, type KernelChoice } from "./native.js";

/** Threads that operators use; process-wide. @throws TypeError below 1. */
export function setThreads(threads: number): void {
  native().setThreads(threads);
}

export function getThreads(): number {
  return native().threads();
}

/**
 * Who computes what native/kernels has a CPU kernel for: "own" where they are faster, "libtorch" everything. "always"
 * takes them wherever they can, for tests and measurements. The start value is LONGTAIL_KERNELS, else "own".
 * Process-wide.
 */
export function setKernels(choice: KernelChoice): void {
  native().setKernels(choice);
}

export function getKernels(): KernelChoice {
  return native().kernels();
}

/** Only deterministic algorithms from here on; an operator that has none throws TorchError. Process-wide. */
export function setDeterministic(on: boolean): void {
  native().setDeterministic(on);
}

/**
 * Operators that gain from it run in lower precision on the device until the block ends:
 * `using _ = autocast("bfloat16");`. A weight is converted once. Must not span an `await`.
 */
export function autocast(dtype: "bfloat16" | "float16", { device = "cpu" } = {}): Disposable {
  const before = native().setAutocast(device, dtype);
  return { [Symbol.dispose]: () => native().setAutocast(device, before) };
}

/** libtorch's warnings since the last call, each its first line. */
export function takeWarnings(): string[] {
  return native().takeWarnings();
}

export function engineInfo(): EngineInfo {
  return native().engineInfo();
}

/** "cpu", then "cuda:0" and on. */
