import { afterAll, beforeAll } from "vitest";
import { getKernels, getThreads, setKernels, setThreads } from "./settings.js";

/** Every test of the file computes with native/kernels wherever they can, on two threads. */
export function useOwnKernels(): void {
  const [kernels, threads] = [getKernels(), getThreads()];
  beforeAll(() => {
    setKernels("always");
    setThreads(2);
  });
  afterAll(() => {
    setKernels(kernels);
    setThreads(threads);
  });
}
