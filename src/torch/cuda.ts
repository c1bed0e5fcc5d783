/** The optional library for GPUs (scripts/build-cuda.mjs): a stream of one's own, and work that is recorded. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { native } from "./native.js";

/** What native/cuda exports. Graphs are numbers. */
interface CudaAddon {
  loadCudaLibrary(library: string): void;
  useOwnStream(library: string, gpu: number): void;
  beginGraph(library: string): number;
  endGraph(graph: number): void;
  replayGraph(graph: number): void;
  closeGraph(graph: number): void;
}

const addon = (): CudaAddon => native() as unknown as CudaAddon;

export const CUDA_LIBRARY = join(dirname(fileURLToPath(import.meta.url)), "../../build/longtail-cuda.so");

/** Whether the library was built. */
export function hasCudaLibrary(): boolean {
  return existsSync(CUDA_LIBRARY);
}

/** Opens the library, which needs an engine with CUDA but no GPU. @throws NativeError that says why it cannot be opened. */
export function loadCudaLibrary(): void {
  addon().loadCudaLibrary(CUDA_LIBRARY);
}

/** What this thread does on the GPU ("cuda:1") from here on goes to a stream of its own, which can be recorded. */
export function useOwnStream(device: string): void {
  addon().useOwnStream(CUDA_LIBRARY, Number(device.split(":")[1] ?? 0));
}

/** Work to be done again and again, on the same memory. */
export interface Recording extends Disposable {
  replay(): void;
}

/** Takes down what `work` would do, without doing it. */
export type Recorder = (work: () => void) => Recording;

/**
 * Records what `work` launches on this thread's stream (useOwnStream) as a CUDA graph: a replay is one launch. Tensors
 * that it makes lie in memory of the graph's own, where each replay writes them again. `work` must not read a value, nor
 * copy from JavaScript's memory. After an error the GPU's state is unknown: end the process.
 */
export const recordOnGpu: Recorder = (work) => {
  const graph = addon().beginGraph(CUDA_LIBRARY);
  try {
    work();
  } catch (error) {
    endQuietly(graph);
    throw error;
  }
  addon().endGraph(graph);
  return {
    replay: () => {
      addon().replayGraph(graph);
    },
    [Symbol.dispose]: () => {
      addon().closeGraph(graph);
    },
  };
};

/** Ends a recording that went wrong, so that what is freed from here on reaches the GPU. */
function endQuietly(graph: number): void {
  try {
    addon().endGraph(graph);
  } catch {
    // What was wrong with the work is the error to report.
  }
}
