/** Two machines, each with its own launcher. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { freePort } from "../../src/support/process.js";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { launch, longtail, processOf, training } from "../support/launched.js";
import { apart } from "../support/run-weights.js";

const at = toyFolder("file");

/** Where a machine sees the run's folder: they share no disk. */
const runOn = (node: number, out: string): string => at(node === 0 ? out : `elsewhere/${out}`);

/** Runs the launchers of two machines, a process each; `hear` sees what they print. */
async function machines(out: string, onLine: (line: string) => void, ...options: string[]) {
  const master = `127.0.0.1:${await freePort()}`;
  return Promise.all(
    [0, 1].map((node) => {
      const place = ["--nnodes", "2", "--node-rank", String(node), "--master", master, ...options];
      return longtail(launch(1, training(at("data"), runOn(node, out), "--json"), ...place), { onLine });
    }),
  );
}

test("a killed process of the second is started again, and both go on to the same end", async () => {
  let killed = false;
  const killOnce = (line: string): void => {
    if (killed || !line.includes('"type":"checkpoint"')) return;
    killed = true;
    process.kill(processOf(runOn(1, "parts"), 1)!, "SIGKILL");
  };
  const [whole, parts] = [
    await machines("whole", () => undefined),
    await machines("parts", killOnce, "--max-restarts", "1"),
  ];
  for (const { code, stderr } of [...whole, ...parts]) expect(code, stderr).toBe(0);
  expect(parts[0]!.stderr).toMatch(
    /^rank 0 failed: .*rank 1 ended without a word.*\nstarting again, 1 of 1 times$/m,
  );
  expect(parts[1]!.stderr).toMatch(/^rank 1 failed: it was ended by SIGKILL\nstarting again, 1 of 1 times$/m);
  expect(apart(at("whole"), at("parts"))).toBe(0);
  expect(existsSync(at("elsewhere"))).toBe(false);
});
