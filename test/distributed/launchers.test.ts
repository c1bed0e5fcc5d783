/** The same train under other launchers than ours: torchrun, and two machines, which network namespaces stand for. */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { training as trainingOf } from "../support/launched.js";
import { pytorch } from "../support/pytorch.js";

const command = join(import.meta.dirname, "../../bin/longtail.js");
const run = promisify(execFile);

const at = toyFolder("test");
const training = (): string[] => [
  command,
  ...trainingOf(at("data"), at("run"), "--timeout", "60", "--set", "epochs=1"),
];
const evaluated = (): number =>
  (JSON.parse(readFileSync(join(at("run"), "result.json"), "utf8")) as { images: number }).images;

describe.skipIf("missing" in pytorch)(
  "torchrun (needs PyTorch: npm run bench:step makes the environment)",
  () => {
    test("starts two processes", async () => {
      const { python } = pytorch as { python: string };
      const torchrun = ["-m", "torch.distributed.run", "--no-python", "--nproc-per-node", "2"];
      const { stdout } = await run(python, [...torchrun, process.execPath, ...training()]);
      expect(stdout).toContain("2 processes: a batch of 8 images");
      expect(evaluated()).toBe(12);
    });
  },
);

/** Two namespaces with a cable between them, or none where this user may not make any. */
const names = [0, 1].map((node) => `longtail-${process.pid}-${node}`);
const ip = (...args: string[]): void => void execFileSync("ip", args, { stdio: "ignore" });
const mayMakeNamespaces =
  spawnSync("ip", ["netns", "add", names[0]!]).status === 0 &&
  spawnSync("ip", ["netns", "del", names[0]!]).status === 0;

describe.skipIf(!mayMakeNamespaces)("two machines (needs the right to make network namespaces)", () => {
  beforeEach(() => {
    for (const name of names) ip("netns", "add", name);
    const ends = names.map((_, node) => `lt${process.pid % 100_000}n${node}`) as [string, string];
    ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1]);
    names.forEach((name, node) => {
      ip("link", "set", ends[node]!, "netns", name);
      ip("-n", name, "addr", "add", `10.77.0.${node + 1}/24`, "dev", ends[node]!);
      ip("-n", name, "link", "set", ends[node]!, "up");
      ip("-n", name, "link", "set", "lo", "up");
    });
  });
  afterEach(() => {
    for (const name of names) spawnSync("ip", ["netns", "del", name]);
  });

  test("the command of each starts its process, and they train together", async () => {
    const ends = await Promise.all(
      names.map((name, node) => {
        const places = ["--nnodes", "2", "--node-rank", String(node), "--master", "10.77.0.1:29500"];
        const [program, ...train] = training();
        const launch = [program!, "launch", "--nproc", "1", ...places, "--", ...train];
        return run("ip", ["netns", "exec", name, process.execPath, ...launch]);
      }),
    );
    expect(ends[0]!.stdout).toContain("[0] 2 processes: a batch of 8 images");
    expect(ends[1]!.stdout).toBe("");
    expect(evaluated()).toBe(12);
  });
});
