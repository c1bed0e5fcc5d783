import { defineConfig } from "vitest/config";

/** Every file runs in its own process: the engine's thread count, warnings and random state belong to a process. */
export default defineConfig({
  esbuild: { target: "es2022" },
  test: {
    include: ["src/**/*.test.ts", "web/**/*.test.ts", "test/**/*.test.ts"],
    setupFiles: ["test/support/turn-of-the-event-loop.ts"],
    pool: "forks",
    poolOptions: { forks: { maxForks: 2, minForks: 1 } },
    env: { OMP_NUM_THREADS: "1" }, // two files run at a time; more threads than cores only wait for each other
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
