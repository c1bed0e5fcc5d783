/** A clock that is set while a training runs, back or ahead: durations, checkpoints by minutes and logs do not mind. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Overview } from "../src/watch/run/overview.js";
import type { TrainingEvent } from "../src/runs/events.js";
import { readEvents } from "../src/logs/tensorboard/event-file.fixture.js";
import { runFolder } from "../src/runs/run-folder.js";
import { toyFolder } from "../src/training/toy-folder.fixture.js";
import { toyRecipe } from "../src/training/toy.fixture.js";
import { trainToy } from "../src/training/train-toy.fixture.js";

const at = toyFolder("test");
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const HOUR = 3_600_000;
const YEAR = 8766 * HOUR;

/** Sets the clock at every third event: an hour back, and a year ahead. */
function unsteadyClock(): (event: TrainingEvent) => void {
  let heard = 0;
  return () => {
    heard += 1;
    if (heard % 3 === 0) vi.setSystemTime(Date.now() + (heard % 2 === 0 ? -HOUR : YEAR));
  };
}

/** Neighbors' differences. */
function steps(values: readonly number[]): number[] {
  return values.slice(1).map((value, i) => value - values[i]!);
}

test("times never go back, durations are those that went by, and no checkpoint comes for the clock's sake", async () => {
  const recipe = toyRecipe(at("data"), { checkpoints: { epochs: 1, steps: null, minutes: 15 } });
  const started = performance.now();
  const { events, result } = await trainToy(recipe, at("run"), { listeners: [unsteadyClock()] });
  const seconds = (performance.now() - started) / 1000;

  expect(events.filter(({ type }) => type === "checkpoint")).toHaveLength(2);
  for (const gap of [
    ...steps(events.map(({ time }) => Date.parse(time))),
    ...steps(readEvents(at("run")).map(({ wallTime }) => 1000 * wallTime)),
  ]) {
    expect(gap).toBeGreaterThanOrEqual(0);
    expect(gap).toBeLessThanOrEqual(1000 * seconds);
  }
  const durations = [result, ...events].flatMap((one) => ("seconds" in one ? [one.seconds] : []));
  for (const duration of durations) {
    expect(duration).toBeGreaterThan(0);
    expect(duration).toBeLessThanOrEqual(seconds);
  }
  for (const file of [runFolder(at("run")).epochs, runFolder(at("run")).log])
    expect(readFileSync(file, "utf8")).not.toMatch(/NaN|Infinity|(,|\s)-\d/);
});

test("a run that goes on with a clock that was set back is watched, and its logs are read, as any other", async () => {
  const recipe = toyRecipe(at("data"), { epochs: 3 });
  const controller = new AbortController();
  let seen = 0;
  const stop = ({ type }: TrainingEvent): void => {
    if (type === "step" && ++seen === 8) controller.abort();
  };
  await trainToy(recipe, at("run"), { listeners: [stop], signal: controller.signal });
  const { metrics } = runFolder(at("run"));
  const reported = readFileSync(metrics, "utf8");
  const later = (time: string): string => new Date(Date.parse(time) + YEAR).toISOString();
  writeFileSync(metrics, reported.replace(/(?<="time":")[^"]+/g, later));

  await trainToy(recipe, at("run"), { resume: true });
  const overview = new Overview();
  for (const line of readFileSync(metrics, "utf8").trimEnd().split("\n")) {
    overview.line(line);
    const { secondsLeft } = overview.summary();
    if (secondsLeft === null) continue;
    expect(secondsLeft).toBeGreaterThanOrEqual(0);
    expect(secondsLeft).toBeLessThan(60);
  }
  expect(overview.longestGap).toBeLessThan(60_000);
  const scalars = readEvents(at("run")).filter(({ values }) =>
    values.some(({ tag }) => tag === "train/loss"),
  );
  expect(steps(scalars.map(({ step }) => step))).toEqual(Array(17).fill(1));
});
