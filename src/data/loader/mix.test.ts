import { expect, test } from "vitest";
import { Mulberry32 } from "../../../test/support/mulberry32.js";
import { tensor } from "../../torch/create.js";
import { scope } from "../../torch/scope.js";
import { sameDistributionProbability } from "../kolmogorov-smirnov.fixture.js";
import { mixImages, planMix, type Mix, type MixPlan } from "./mix.js";

const mixup: Mix = { kind: "mixup", alpha: 1, p: 1 };
const cutmix: Mix = { kind: "cutmix", alpha: 1, p: 1 };
const at = { seed: 3, step: 0, images: 6, side: 20 };

/** Two gray images, 0 and 10, after the plan: [2][rows × columns] of the first channel. */
function mixed(plan: MixPlan, side: number): number[][] {
  using _ = scope();
  const images = tensor([0, 10], { shape: [2, 1, 1, 1] })
    .add(tensor(new Float32Array(2 * 3 * side * side), { shape: [2, 3, side, side] }))
    .to({ memoryFormat: "channels_last" });
  mixImages(images, plan);
  expect(images.isChannelsLast).toBe(true);
  return [0, 1].map((image) => images.narrow(0, image, 1).narrow(1, 0, 1).toList());
}

test("mixup adds up the image and its partner, by their shares", () => {
  const plan = { share: 0.7, partners: Int32Array.of(1, 0), box: null };
  const [first, second] = mixed(plan, 2);
  for (const value of first!) expect(value).toBeCloseTo(3);
  for (const value of second!) expect(value).toBeCloseTo(7);
});

test("CutMix pastes a box of the partner", () => {
  const plan = { share: 0.5, partners: Int32Array.of(1, 0), box: { top: 1, left: 0, height: 2, width: 2 } };
  expect(mixed(plan, 3)).toEqual([
    [0, 0, 0, 10, 10, 0, 10, 10, 0],
    [10, 10, 10, 0, 0, 10, 0, 0, 10],
  ]);
  const empty = { share: 1, partners: Int32Array.of(1, 0), box: { top: 0, left: 3, height: 2, width: 0 } };
  expect(mixed(empty, 3)).toEqual([Array(9).fill(0), Array(9).fill(10)]);
});

test("an image's partner is another's as often as its own: each image is a partner once", () => {
  const { partners } = planMix(mixup, at)!;
  expect([...partners].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("what is drawn depends on seed and step alone", () => {
  expect(planMix(cutmix, at)).toEqual(planMix(cutmix, at));
  const others = [at, { ...at, seed: 4 }, { ...at, step: 1 }].map((one) => planMix(mixup, one)!.share);
  expect(new Set(others).size).toBe(3);
  // Another process's part of the batch, which may be smaller, has the same shares.
  expect(planMix(mixup, { ...at, images: 5 })!.share).toBe(others[0]);
});

test("CutMix's share is what the box leaves of the image, and the box lies inside", () => {
  for (let step = 0; step < 2000; step++) {
    const { share, box } = planMix(cutmix, { ...at, step })!;
    const { top, left, height, width } = box!;
    expect(share).toBe(1 - (height * width) / 400);
    expect(Math.min(top, left, height, width)).toBeGreaterThanOrEqual(0);
    expect(Math.max(top + height, left + width)).toBeLessThanOrEqual(20);
  }
});

test("shares and boxes have the papers' distributions", () => {
  const steps = Array.from({ length: 5000 }, (_, step) => step);
  const drawn = (mix: Mix): MixPlan[] => steps.map((step) => planMix(mix, { ...at, step })!);
  const uniform = new Mulberry32(5);
  const next = (): number => uniform.floats(1, 0, 1)[0]!;
  // With alpha 1 the share is uniform.
  const shares = drawn(mixup).map(({ share }) => share);
  expect(sameDistributionProbability(shares, steps.map(next))).toBeGreaterThan(0.001);
  // The box, from the papers' formula: edges side · √(1 − λ) around a uniform middle, cut at the borders.
  const formula = steps.map(() => {
    const half = Math.floor(Math.floor(20 * Math.sqrt(next())) / 2);
    const within = (middle: number): number => Math.min(20, middle + half) - Math.max(0, middle - half);
    return 1 - (within(Math.floor(20 * next())) * within(Math.floor(20 * next()))) / 400;
  });
  const left = drawn(cutmix).map(({ share }) => share);
  expect(sameDistributionProbability(left, formula)).toBeGreaterThan(0.001);
});

test("p is the share of steps that are mixed", () => {
  const mixedSteps = (p: number): number =>
    Array.from({ length: 2000 }, (_, step) => planMix({ ...mixup, p }, { ...at, step })).filter(Boolean)
      .length;
  expect(mixedSteps(0)).toBe(0);
  expect(mixedSteps(1)).toBe(2000);
  expect(Math.abs(mixedSteps(0.3) - 600)).toBeLessThan(3.3 * Math.sqrt(2000 * 0.3 * 0.7));
});
