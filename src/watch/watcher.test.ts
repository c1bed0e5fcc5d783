import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NO_CURVES_READ } from "./run/curves.js";
import { NO_LOG_READ } from "./run/log.js";
import { endEvent, evaluationEvent, stepEvent, toyRuns, type ToyRuns } from "./watch.fixture.js";
import { progressText } from "./text/words.js";
import { Watcher } from "./watcher.js";

let runs: ToyRuns;
let now = 0;
let watcher: Watcher;
beforeEach(() => {
  runs = toyRuns();
  now = Date.now();
  watcher = new Watcher(runs.path, () => now);
});
afterEach(async () => {
  await watcher.close();
  runs[Symbol.dispose]();
});

/** What is known after some time has gone by. */
async function later(milliseconds = 6000) {
  now += milliseconds;
  await watcher.refresh();
  return watcher.list.runs;
}

const NO_PROCESS = 4_194_305; // beyond Linux's highest number of a process

describe("the list", () => {
  test("a run that goes on elsewhere, is silent, and goes on", async () => {
    runs.begin("nested/one");
    runs.lock("nested/one", 1, "another-machine");
    runs.events("nested/one", stepEvent(1, 1), stepEvent(1, 2));
    expect(await later()).toMatchObject([{ id: "nested/one", state: "running", epoch: 1, step: 2, loss: 5 }]);
    expect(await later(70_000)).toMatchObject([{ state: "silent" }]);
    runs.events("nested/one", stepEvent(1, 3));
    expect(await later()).toMatchObject([{ state: "running", step: 3 }]);
  });

  test("after an epoch the loss is the epoch's mean, until the next step's", async () => {
    runs.begin("one");
    runs.events("one", stepEvent(1, 1), { type: "epoch", epoch: 1, terms: {}, loss: 7, accuracy: 10 });
    expect(await later()).toMatchObject([{ epoch: 1, loss: 7, trainAccuracy: 10 }]);
    runs.events("one", stepEvent(2, 1));
    expect(await later()).toMatchObject([{ epoch: 2, loss: 5 }]);
  });

  test.each(["finished", "interrupted", "failed"])("one that is %s", async (reason) => {
    runs.begin("one");
    runs.events("one", stepEvent(1, 1), endEvent(reason, "why"));
    expect(await later()).toMatchObject([{ state: reason, message: "why", peakMemory: 1e8 }]);
  });

  test("one that ended and is gone on with", async () => {
    runs.begin("one");
    runs.events("one", stepEvent(1, 1), endEvent("interrupted"));
    await later();
    runs.begin("one", { from: { epoch: 0, step: 1 } });
    expect(await later()).toMatchObject([{ state: "running", message: null, epoch: 1, step: 1 }]);
  });

  test("a process of this machine that is gone, or that does not have the lock open", async () => {
    for (const [id, pid] of [["gone", NO_PROCESS] as const, ["other", process.pid] as const]) {
      runs.begin(id);
      runs.lock(id, pid);
    }
    expect(await later()).toMatchObject([{ state: "interrupted" }, { state: "interrupted" }]);
  });

  test("a process of this machine that has the lock is running, however silent", async () => {
    runs.begin("one");
    runs.lock("one", process.pid);
    const held = await open(join(runs.path, "one/lock"));
    await later();
    expect(await later(1e7)).toMatchObject([{ state: "running" }]);
    await held.close();
    expect(await later()).toMatchObject([{ state: "interrupted" }]);
  });

  test("a process of another container with this machine's name may be at work", async () => {
    runs.begin("one");
    writeFileSync(join(runs.path, "one/lock"), `process ${NO_PROCESS} on ${hostname()}\nnamespace pid:[1]\n`);
    expect(await later()).toMatchObject([{ state: "running" }]);
  });

  test("a result says what was selected; before, the last evaluation counts", async () => {
    runs.begin("one");
    runs.events("one", evaluationEvent(4, 40, "held-out"));
    expect(await later()).toMatchObject([
      { accuracy: { split: "held-out", epoch: 4, few: 20 }, selectedOn: null },
    ]);
    const result = { ensemble: { all: 50, many: 70, medium: 50, few: 30 }, epoch: 8, selectedOn: "held-out" };
    writeFileSync(join(runs.path, "one/result.json"), JSON.stringify(result));
    runs.events("one", endEvent("finished"));
    expect(await later()).toMatchObject([
      { accuracy: { split: "test", epoch: 8, few: 30 }, selectedOn: "held-out" },
    ]);
  });

  test("the time that is left, by the pace so far", async () => {
    runs.begin("one");
    const at = (second: number): object => ({ time: new Date(now - 60_000 + 1000 * second).toISOString() });
    runs.events("one", stepEvent(1, 1, at(0)), stepEvent(1, 11, at(5)));
    expect(await later()).toMatchObject([{ secondsLeft: (1000 - 11) / 2 }]);
  });

  test("a run in phases says which, and how many steps its epochs have", async () => {
    const phases = [
      { name: "representation", epochs: 4, stepsPerEpoch: 100 },
      { name: "classifier", epochs: 6, stepsPerEpoch: 50 },
    ];
    runs.begin("one", { phases });
    runs.events("one", stepEvent(4, 50));
    const [first] = await later();
    expect(first).toMatchObject({ phase: "representation", stepsPerEpoch: 100 });
    expect(progressText(first!)).toBe("4/10 50 %, representation");
    runs.events("one", stepEvent(5, 20));
    const [second] = await later();
    expect(second).toMatchObject({ phase: "classifier", stepsPerEpoch: 50 });
    expect(progressText(second!)).toBe("5/10 40 %, classifier");
  });

  test("of a long run the end is read, and its first event", async () => {
    runs.begin("long");
    const path = join(runs.path, "long/metrics.jsonl");
    for (let epoch = 1; epoch <= 10; epoch += 1)
      appendFileSync(path, Array.from({ length: 100 }, (_, i) => line(stepEvent(epoch, i + 1))).join(""));
    expect(await later()).toMatchObject([{ name: "toy-ncl", epochs: 10, epoch: 10, step: 100 }]);
  });

  test("lines that are no events, and files that are no JSON", async () => {
    runs.begin("one");
    writeFileSync(join(runs.path, "one/recipe.json"), "[");
    appendFileSync(join(runs.path, "one/metrics.jsonl"), '{"type":"step","loss":"much"}\nnot JSON\n[]\n');
    expect(await later()).toMatchObject([{ id: "one", name: "toy-ncl", loss: null }]);
  });

  test("a run that is moved aside, and the new one in its place", async () => {
    runs.begin("one");
    runs.events("one", stepEvent(3, 1));
    await later();
    renameSync(join(runs.path, "one"), join(runs.path, "one.previous-1"));
    runs.begin("one");
    expect(await later()).toMatchObject([
      { id: "one", epoch: 1, step: 0 },
      { id: "one.previous-1", epoch: 3 },
    ]);
  });
});

/** A line of 6 kB, so that a thousand of them are longer than what is read for the list. */
function line(event: object): string {
  return `${JSON.stringify({ time: new Date().toISOString(), ...event, padding: "x".repeat(6000) })}\n`;
}

describe("curves and log", () => {
  async function detailOf(id: string) {
    using _subscription = watcher.subscribe(() => undefined, [id]);
    await later();
    return watcher.detail(id)!;
  }

  test("by steps over all epochs, and by epochs", async () => {
    runs.begin("one");
    const evaluations = [evaluationEvent(2, 40), evaluationEvent(2, 1, "held-out")];
    runs.events("one", stepEvent(1, 100), stepEvent(2, 1), ...evaluations);
    const { part } = (await detailOf("one")).curves.since("one", NO_CURVES_READ)!;
    expect(part.steps?.x).toEqual([100, 101]);
    expect(Object.keys(part.steps?.columns ?? {})).toContain("term/crossEntropy");
    expect(part.evaluations?.columns["ensemble/few"]?.mean).toEqual([20]);
    expect(part.evaluations?.columns["expert 2/all"]?.mean).toEqual([40]);
    expect(part.split).toBe("test");
  });

  test("of a run that an earlier version made, whose terms are called parts", async () => {
    runs.begin("one");
    const { terms, ...event } = stepEvent(1, 1) as { terms: object };
    runs.events("one", { ...event, parts: terms });
    const { part } = (await detailOf("one")).curves.since("one", NO_CURVES_READ)!;
    expect(part.steps?.columns["term/crossEntropy"]?.mean).toEqual([7.5]);
  });

  test("of a file that a resumed run has rewound", async () => {
    runs.begin("one");
    runs.events("one", ...[1, 2, 3, 4].map((step) => stepEvent(1, step)));
    const { cursor } = (await detailOf("one")).curves.since("one", NO_CURVES_READ)!;
    runs.rewind("one", 3);
    runs.events("one", stepEvent(1, 3));
    const { part } = (await detailOf("one")).curves.since("one", cursor)!;
    expect(part.steps).toMatchObject({ from: 0, x: [1, 2, 3] });
  });

  test("of the log its last lines, then what is new", async () => {
    runs.begin("one");
    runs.log("one", ...Array.from({ length: 1000 }, (_, i) => `line ${i}`));
    const detail = await detailOf("one");
    const { cursor, part } = detail.log.since("one", NO_LOG_READ)!;
    expect([part.anew, part.lines.length, part.lines.at(-1)]).toEqual([true, 400, "line 999"]);
    runs.log("one", "another");
    await detailOf("one");
    expect(detail.log.since("one", cursor)?.part).toMatchObject({ anew: false, lines: ["another"] });
  });
});

test("nothing is written to the folder", async () => {
  runs.begin("one");
  const before = readFileSync(join(runs.path, "one/metrics.jsonl"), "utf8");
  await later();
  expect(readFileSync(join(runs.path, "one/metrics.jsonl"), "utf8")).toBe(before);
});
