/** Processes end with their launcher, in whatever way it ends, so that none goes on unseen. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { freePort } from "../../src/support/process.js";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { launch, longtail, processOf, training, type Ended } from "../support/launched.js";
import { apart } from "../support/run-weights.js";

const at = toyFolder("file");

/** Starts launchers into one run, an argument list each; one of them gets a signal at the first step. */
function launchers(all: string[][], signal: "SIGKILL" | "SIGTERM", to: number): Promise<Ended[]> {
  const started: ChildProcess[] = [];
  let sent = false;
  const onLine = (line: string): void => {
    if (sent || !line.includes('"type":"step"')) return;
    sent = true;
    started[to]!.kill(signal);
  };
  return Promise.all(
    all.map((args) => longtail(args, { onLine, started: (launcher) => started.push(launcher) })),
  );
}

async function gone(out: string, ranks: number): Promise<void> {
  const running = (): boolean =>
    Array.from({ length: ranks }, (_, rank) => processOf(at(out), rank)).some((pid) => pid !== null);
  while (running()) await sleep(50); // the test's time is the limit
}

const trains = (out: string): string[] => training(at("data"), at(out), "--json");
const interrupted = (out: string): void => {
  expect(readFileSync(join(at(out), "metrics.jsonl"), "utf8")).toMatch(/"reason":"interrupted".*\n$/);
};

test("of one that was killed they leave a checkpoint, and the run goes on to the same end", async () => {
  const [ended] = await launchers([launch(2, trains("run"))], "SIGKILL", 0);
  expect(ended!.signal).toBe("SIGKILL");
  await gone("run", 2);
  interrupted("run");
  const rest = await longtail(launch(2, [...trains("run"), "--resume"]));
  expect(rest.code, rest.stderr).toBe(0);
  const whole = await longtail(launch(2, trains("whole")));
  expect(whole.code, whole.stderr).toBe(0);
  expect(apart(at("run"), at("whole"))).toBe(0);
});

test("SIGTERM does the same, and it is said", async () => {
  const [ended] = await launchers([launch(2, trains("asked"))], "SIGTERM", 0);
  expect(ended!.code, ended!.stderr).toBe(143);
  expect(ended!.stderr).toMatch(/^SIGTERM: ending all processes, with a checkpoint; Ctrl-C ends at once$/m);
  expect(ended!.stderr).toMatch(/^\[0\] interrupted; `longtail train .*asked --resume` resumes from /m);
  interrupted("asked");
});

test("on the second machine as well, and those of the first end with them", async () => {
  const port = await freePort();
  const nodes = ["0", "1"].map((node) =>
    launch(1, trains("nodes"), "--nnodes", "2", "--node-rank", node, "--master", `127.0.0.1:${port}`),
  );
  const [first, second] = await launchers(nodes, "SIGKILL", 1);
  expect(second!.signal).toBe("SIGKILL");
  expect(first!.code).toBe(1);
  expect(first!.stderr).toMatch(/^error: rank 0 failed: /m);
  await gone("nodes", 2);
});
