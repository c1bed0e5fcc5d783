/** `longtail launch`, as people start it: the built command. */
import { cpSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readCheckpoint } from "../../src/training/checkpoint.js";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { calibrate } from "../../src/inference/calibrate.js";
import { readAnalysis } from "../../src/runs/read-run.js";
import { loadTrained } from "../../src/training/trained.js";
import { scope } from "../../src/torch/scope.js";
import { launch, longtail, processOf, training as trainingOf, type Ended } from "../support/launched.js";
import { apart } from "../support/run-weights.js";

const at = toyFolder("file");
const training = (out: string, ...more: string[]): string[] => trainingOf(at("data"), at(out), ...more);

interface Evaluated {
  readonly images: number;
  readonly confusion: unknown;
}
const resultOf = (run: string): Evaluated =>
  JSON.parse(readFileSync(join(at(run), "result.json"), "utf8")) as Evaluated;

/** Trains to a good end. */
async function train(args: string[]): Promise<Ended> {
  const ended = await longtail(args);
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
}

let two: Ended;
let cut: Ended;
beforeAll(async () => {
  [two] = await Promise.all([train(launch(2, training("two"))), train(training("one"))]);
  cut = await longtail(launch(2, training("cut", "--json")), { onLine: killOnce("cut") });
});

test("two processes learn and judge as one does; the first alone writes", () => {
  expect(apart(at("one"), at("two"))).toBeLessThan(1e-3); // after ten steps
  expect(resultOf("two").images).toBe(12); // of a test batch of five the processes have three and two
  expect(resultOf("two").confusion).toEqual(resultOf("one").confusion);
  expect(two.stdout).toContain("[0] 2 processes: a batch of 8 images (data.batch), 4 in each process\n");
  expect(two.stdout).not.toContain("[1]");
  const filesOf = (run: string): string[] =>
    readdirSync(at(run)).map((name) => name.replace(/^(events\.out\.tfevents).*/, "$1"));
  expect(filesOf("two").sort()).toEqual(filesOf("one").sort());
  using _ = scope();
  expect(readCheckpoint(join(at("two"), "checkpoints/last.safetensors")).randomStates).toHaveLength(2);
});

test("the temperatures that two processes fit are those that one finds for the same network", async () => {
  using trained = loadTrained(at("two"));
  const { fits, images } = readAnalysis(at("two"))!.temperature!;
  expect(fits.map(({ temperature }) => temperature.kind)).toEqual(["global", "group", "expert"]);
  for (const { temperature } of fits) {
    const alone = await calibrate(trained, { kind: temperature.kind });
    expect(alone).toEqual(close({ temperature, images }));
  }
});

/** Numbers to five digits: processes compute batches of other sizes. */
function close(value: unknown): unknown {
  if (typeof value === "number") return expect.closeTo(value, 5);
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, close(inner)]));
}

/** First the survivors say who is gone, then the launcher, for whom it is the reason. */
function assertNamed({ code, stderr }: Ended, rank: number, survivor: RegExp): void {
  expect(code).toBe(1);
  const lines = stderr.trimEnd().split("\n");
  expect(lines.at(-1)).toBe(`error: rank ${rank} failed: it was ended by SIGKILL`);
  expect(lines.slice(0, -1).filter((line) => survivor.test(line))).not.toEqual([]);
}

test("a killed process ends all and is named", () => {
  assertNamed(cut, 1, /^\[0\] error: rank 1 ended without a word: killed/);
});

test("so is the first one, which the others met at", async () => {
  const args = launch(3, training("headless", "--json", "--timeout", "3600"));
  const ended = await longtail(args, { onLine: killOnce("headless", 0) });
  assertNamed(ended, 0, /^\[[12]\] error: rank 0 ended, and with it the training/);
});

test("one that hangs ends all after --timeout, also the first, whose store leaves every question unanswered", async () => {
  const args = launch(2, training("hanging", "--json", "--timeout", "3"));
  const ended = await longtail(args, { onLine: killOnce("hanging", 0, "SIGSTOP") });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(
    /^\[1\] error: rank 0 does not answer: it hangs, was stopped, or its machine/m,
  );
  expect(ended.stderr).toMatch(
    /^error: rank 0 failed: it hung or was stopped: it went on when the others had ended/m,
  );
});

test("after a killed process a restart finishes with the same weights", async () => {
  const dropout = ["--set", "dropout=0.5"]; // each process's own draws go on, too
  await train(launch(2, training("whole", ...dropout)));
  const args = launch(2, training("parts", "--json", ...dropout), "--max-restarts", "1");
  const parts = await longtail(args, { onLine: killOnce("parts") });
  expect(parts.code, parts.stderr).toBe(0);
  expect(parts.stderr).toMatch(/^rank 1 failed: it was ended by SIGKILL\nstarting again, 1 of 1 times$/m);
  expect(parts.stderr).toMatch(/^\[0\] error: rank 1 ended without a word/m);
  expect(apart(at("whole"), at("parts"))).toBe(0);
});

test.each([1, 3])("%i processes go on with a run of two that was killed, to the same end", async (ranks) => {
  const run = `cut-${ranks}`;
  cpSync(at("cut"), at(run), { recursive: true });
  const { stdout } = await train(launch(ranks, training(run, "--resume")));
  expect(stdout).toContain("[0] goes on after epoch");
  expect(apart(at("one"), at(run))).toBeLessThan(1e-3);
});

/** Kills a process when the first checkpoint is told of. */
function killOnce(run: string, rank = 1, signal: "SIGKILL" | "SIGSTOP" = "SIGKILL"): (line: string) => void {
  let killed = false;
  return (line) => {
    if (killed || !line.includes('"type":"checkpoint"')) return;
    killed = true;
    process.kill(processOf(at(run), rank)!, signal);
  };
}
