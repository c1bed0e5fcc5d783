import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { sum } from "../../support/math.js";
import type { Profile } from "../../profile/summary.js";
import { assertNested, spansOf } from "../../profile/trace.fixture.js";
import { toyFolder } from "../../training/toy-folder.fixture.js";
import { longtail, type Outcome } from "../cli.fixture.js";

const at = toyFolder("file");
const profiled = (...args: string[]): Promise<Outcome> =>
  longtail(
    ...["profile", "caltech20-lt-ncl", "--data", at("data"), "--threads", "1"],
    ...[
      "data.batch=8",
      "data.imageSize=16",
      "data.train=[]",
      "data.test=[]",
      "method.hardCategories=2",
    ].flatMap((change) => ["--set", change]),
    ...args,
  );

test("a profile of more steps than an epoch has, and its trace", async () => {
  const trace = at("traces/toy.json");
  const { code, stdout } = await profiled("--steps", "9", "--warmup", "1", "--trace", trace, "--json");
  expect(code).toBe(0);
  const profile = JSON.parse(stdout) as Profile;
  const { parts, producers, step, perImage, peakMemory } = profile;
  expect(profile).toMatchObject({
    recipe: "caltech20-lt-ncl",
    device: "cpu",
    batch: 8,
    steps: 9,
    threads: 1,
  });
  expect(sum(Object.values(parts))).toBeCloseTo(step, 6);
  expect(sum(Object.values(producers))).toBeCloseTo(profile.workers * step, 6);
  for (const value of [...Object.values(parts), ...Object.values(producers), peakMemory])
    expect(value).toBeGreaterThan(0);
  expect(perImage!.read).toBeGreaterThan(0);

  const spans = spansOf(readFileSync(trace, "utf8"));
  assertNested(spans);
  const times = (name: string): number => spans.filter((span) => span.name === name).length;
  expect(["step", "forward", "backward"].map(times)).toEqual([9, 9, 9]);
  expect(times("optimizer")).toBe(18); // zeroGrad, then the update
  const decoded = spans.filter(({ name }) => name === "decode");
  expect(decoded.length).toBeGreaterThan(0);
  expect(decoded.every(({ tid }) => tid > 0)).toBe(true);
});

test("text for people, with the memory it took", async () => {
  const { code, stdout } = await profiled("--steps", "2", "--warmup", "0");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^caltech20-lt-ncl on cpu: 2 steps of 8 images; threads: 1 to compute, \d+ to make images/,
  );
  expect(stdout).toMatch(/together +\d+\.\d +100\.0 %\n[\d.]+ images\/s/);
  expect(stdout).toMatch(/largest resident memory: \d+\.\d MB/);
});

test("Ctrl-C ends it after the step", async () => {
  const others = process.listenerCount("SIGINT");
  const timer = setInterval(() => {
    if (process.listenerCount("SIGINT") === others) return;
    clearInterval(timer);
    setTimeout(() => process.emit("SIGINT"), 300); // runs in the middle of the steps, if they let it
  }, 20);
  const { code, stderr } = await profiled("--steps", "1000000");
  expect(code).toBe(130);
  expect(stderr).toContain("interrupted");
});

test("wrong use says what is expected", async () => {
  expect((await longtail("profile", "cifar100-lt-ncl")).stderr).toContain("--data FOLDER");
  expect((await profiled("--steps", "0")).stderr).toContain("Expected a whole number >= 1.");
  expect((await profiled("--device", "cuda:9")).stderr).toContain(
    "--device cuda:9: expected a GPU, found cpu",
  );
});
