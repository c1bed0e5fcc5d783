/**
 * Runs in every file of tests: the event loop gets a turn after each test. Tests that compute one after the other without
 * waiting would else keep a worker from reading Vitest's answers, and a file of them that takes more than a minute on a busy
 * machine ends the run with "Timeout calling onTaskUpdate".
 */
import { setImmediate } from "node:timers/promises";
import { afterEach } from "vitest";

afterEach(async () => {
  await setImmediate();
});
