/** The short form of `npm run bench:kill`: what is killed and resumed ends as what was left alone. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test(
  "killed at random moments and resumed, a training ends with the same weights",
  { timeout: 300_000 },
  async () => {
    const script = join(import.meta.dirname, "../bench/kill.mjs");
    const { stdout } = await promisify(execFile)(process.execPath, [script, "--kills", "4"]);
    expect(stdout).toMatch(/^4 kills, \d+ trainings?: the same weights, nothing left behind$/m);
  },
);
