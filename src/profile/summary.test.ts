import { expect, test } from "vitest";
import { sum } from "../support/math.js";
import { summarize, type Facts } from "./summary.js";
import { formatProfile } from "./text.js";
import { timeline } from "./timeline.fixture.js";

const facts: Facts = {
  recipe: "toy",
  device: "cpu",
  batch: 4,
  steps: 2,
  images: 8,
  views: 2,
  threads: 1,
  workers: 2,
  cpuMilliseconds: 30,
  peakMemory: 5e8,
  asTrained: null,
};

test("the parts of a mean step, and what the threads that make images did in it", () => {
  const profile = summarize(timeline, facts);
  expect(profile).toMatchObject({
    step: 10,
    cpu: 15,
    imagesPerSecond: 400,
    parts: { waiting: 0.5, normalize: 0.25, forward: 3, backward: 4.5, optimizer: 0.5, rest: 1.25 },
    producers: { read: 1, decode: 3.5, transform: 2, idle: 13.5 },
  });
});

test("an image's work is that of both its views, and of the images made, not of those trained on", () => {
  expect(summarize(timeline, facts).perImage).toEqual({ read: 1, decode: 3.5, transform: 2 });
  expect(summarize({ ...timeline, images: [] }, facts).perImage).toBeNull();
});

test("parts add up to the step, and threads' work to their time", () => {
  const { step, parts, producers } = summarize(timeline, facts);
  expect(sum(Object.values(parts))).toBeCloseTo(step, 12);
  expect(sum(Object.values(producers))).toBeCloseTo(2 * step, 12);
});

test("as text", () => {
  expect(formatProfile(summarize(timeline, facts))).toMatchInlineSnapshot(`
    "toy on cpu: 2 steps of 4 images; threads: 1 to compute, 2 to make images

    a training step           ms    share
    idle: waits for images   0.5    5.0 %
    bytes to floats          0.3    2.5 %
    forward and loss         3.0   30.0 %
    backward                 4.5   45.0 %
    optimizer                0.5    5.0 %
    rest                     1.3   12.5 %
    together                10.0  100.0 %
    400.0 images/s; CPU time of all threads: 15.0 ms a step, 1.50 cores

    threads that make images  ms a step   share  ms an image
    read                            1.0   5.0 %        1.000
    decode                          3.5  17.5 %        3.500
    transform                       2.0  10.0 %        2.000
    idle                           13.5  67.5 %

    largest resident memory: 500.0 MB

    The training waits for images although their threads are not busy all the time: other work may keep the cores from them."
  `);
});

test("what holds a training up is said", () => {
  const profile = summarize(timeline, facts);
  const waiting = { ...profile, parts: { ...profile.parts, waiting: 4 } };
  expect(formatProfile(waiting)).toContain("although their threads are not busy all the time");
  const busy = { ...waiting, producers: { ...profile.producers, idle: 1 } };
  expect(formatProfile(busy)).toContain("more threads for them (data.workers, 2 here)");
});

test("on a GPU it says what the training's own step takes", () => {
  const asTrained = { step: 2.5, imagesPerSecond: 1600, notRecorded: null };
  const textOf = (more: object): string =>
    formatProfile(summarize(timeline, { ...facts, device: "cuda:0", asTrained: { ...asTrained, ...more } }));
  expect(textOf({})).toContain(
    "The training does not: 2.5 ms a step, 1600.0 images/s (recorded as a CUDA graph).",
  );
  expect(textOf({ notRecorded: "no library" })).toContain("(not recorded as a CUDA graph: no library)");
});
