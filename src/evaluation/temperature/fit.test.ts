import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memory, scope } from "../../torch/scope.js";
import { mean, naiveCalibration, type NaiveImage, observe } from "../analysis/naive.fixture.js";
import type { Temperature } from "../analysis.js";
import type { Group } from "../../data/groups.js";
import { type FitOptions, fitTemperature, type TemperatureKind } from "./fit.js";
import { KeptLogits } from "./kept-logits.js";

const classes = 3;
const groupOfClass: readonly Group[] = ["many", "medium", "few"];

/** The temperature that is fitted to images which come in batches. */
function fit<K extends TemperatureKind>(
  images: readonly NaiveImage[],
  kind: K,
  options: Partial<FitOptions> & { batch?: number } = {},
): Extract<Temperature, { kind: K }> {
  const { batch = images.length, ...rest } = options;
  const experts = images[0]!.logits.length;
  using kept = new KeptLogits({ images: images.length, experts, classes });
  for (let start = 0; start < images.length; start += batch) {
    using _scope = scope();
    kept.add(observe(images.slice(start, start + batch)));
  }
  const found = fitTemperature(kept, kind, { shift: null, groupOfClass, ...rest });
  return found as Extract<Temperature, { kind: K }>;
}

/** `right` of `total` images that one expert answers with class 0 by a margin of `margin` over either other class. */
function answered(right: number, total: number, margin: number): NaiveImage[] {
  return Array.from({ length: total }, (_, index) => ({
    index,
    label: index < right ? 0 : 1 + (index % 2),
    logits: [[margin, 0, 0]],
  }));
}

const row = fc
  .array(fc.integer({ min: -384, max: 384 }), { minLength: classes, maxLength: classes })
  .map((values) => values.map((value) => value / 64));
/** Whether rounding does not decide which class is the second: the experts' mean differs, or each expert's logits are the same. */
const isClear = (image: NaiveImage): boolean => {
  const logits = mean(image);
  const differ = (a: number, b: number): boolean =>
    Math.abs(logits[a]! - logits[b]!) > 1e-6 || image.logits.every((expert) => expert[a] === expert[b]);
  return logits.every((_, a) => logits.every((_, b) => differ(a, b)));
};
const imagesOf = (experts: number): fc.Arbitrary<NaiveImage[]> =>
  fc
    .array(
      fc.record({
        label: fc.nat(classes - 1),
        logits: fc.array(row, { minLength: experts, maxLength: experts }),
      }),
      { minLength: 3, maxLength: 30 },
    )
    .map((images) => images.map((image, index) => ({ index, ...image })))
    .filter((images) => images.every(isClear));

/** Of the images, and of one more that is wrong and like those that are unsure; divided by the images. */
const nll = (images: readonly NaiveImage[], of: (image: NaiveImage) => readonly number[]): number => {
  const doubts = images.map((image) => {
    const logits = mean(image);
    const [first, ...others] = [...logits].sort((a, b) => b - a) as [number, ...number[]];
    const odds = others.reduce((sum, logit) => sum + Math.exp(logit - first), 0);
    const top = logits.indexOf(first);
    const label = logits.findIndex((logit, at) => at !== top && logit === others[0]);
    return { image: { ...image, label }, wrong: odds / (1 + odds) };
  });
  const total = doubts.reduce((sum, { wrong }) => sum + wrong, 0);
  const added = doubts.map(({ image, wrong }) => (wrong / total) * naiveCalibration([image], of)!.nll);
  return naiveCalibration(images, of)!.nll + added.reduce((sum, one) => sum + one, 0) / images.length;
};

/** Where softmax([m/T, 0, 0]) is right for `right` of `total` images and one more that is wrong: m/T. */
const margin = (right: number, total: number): number => Math.log((2 * right) / (total + 1 - right));

describe("one temperature", () => {
  test("makes probabilities what the share of right answers is", () => {
    expect(fit(answered(30, 40, 6), "global").temperature).toBeCloseTo(6 / margin(30, 40), 6);
    const { temperature } = fit(answered(3000, 4000, 6), "global");
    expect(temperature).toBeCloseTo(6 / Math.log(6), 2); // softmax([m/T, 0, 0]) = 3/4 where m/T = log 6
  });

  test("always right: as sure as so few images allow; no better than chance: as unsure as is allowed", () => {
    // softmax([m/T, 0, 0]) = 10/11 where m/T = log 20
    expect(fit(answered(10, 10, 6), "global").temperature).toBeCloseTo(6 / Math.log(20), 6);
    const surer = fit(answered(1000, 1000, 6), "global").temperature;
    expect(surer).toBeCloseTo(6 / margin(1000, 1000), 6);
    expect(fit(answered(5, 20, 6), "global").temperature).toBeCloseTo(20, 9);
  });

  test("no other temperature fits better, and batches make no difference", () => {
    fc.assert(
      fc.property(imagesOf(2), fc.integer({ min: 1, max: 9 }), (images, batch) => {
        const { temperature } = fit(images, "global");
        const at = (t: number): number => nll(images, (image) => mean(image).map((logit) => logit / t));
        const others = [1, temperature * 1.01, temperature / 1.01].filter((t) => t >= 1 / 20 && t <= 20);
        for (const other of others) expect(at(temperature)).toBeLessThanOrEqual(at(other) + 1e-9);
        const again = fit(images, "global", { batch }).temperature;
        expect(Math.log(again / temperature)).toBeCloseTo(0, 4);
      }),
    );
  });

  test("logits twice as large have twice the temperature", () => {
    const images = answered(30, 40, 2);
    const doubled = answered(30, 40, 4);
    expect(fit(doubled, "global").temperature).toBeCloseTo(2 * fit(images, "global").temperature, 6);
  });

  test("a shift is part of what is fitted, and is not scaled", () => {
    // With log 4 more for classes 1 and 2, the margin is log 4 larger
    const shift = [0, Math.log(4), Math.log(4)];
    const { temperature } = fit(answered(30, 40, 6), "global", { shift });
    expect(temperature).toBeCloseTo(6 / (margin(30, 40) + Math.log(4)), 6);
  });
});

describe("a temperature for each group of the answer", () => {
  test("each by its own images; too few of them: that of all", () => {
    const many = answered(30, 40, 6); // answered with class 0
    const medium = answered(20, 40, 6).map((image) => ({
      ...image,
      index: 40 + image.index,
      label: (image.label + 1) % 3,
      logits: [[0, 6, 0]],
    }));
    const few = [{ index: 80, label: 2, logits: [[0, 0, 6]] }];
    const images = [...many, ...medium, ...few];
    const { temperatures } = fit(images, "group");
    expect(temperatures.many).toBeCloseTo(6 / margin(30, 40), 6);
    expect(temperatures.medium).toBeCloseTo(6 / margin(20, 40), 6);
    expect(temperatures.few).toBeCloseTo(fit(images, "global").temperature, 9);
  });
});

describe("a temperature for each expert", () => {
  const scaled =
    (temperatures: readonly number[]) =>
    ({ logits }: NaiveImage): readonly number[] =>
      mean({ logits: logits.map((expert, k) => expert.map((logit) => logit / temperatures[k]!)) });

  test("an expert that knows nothing is turned down", () => {
    const images = answered(30, 40, 6).map((image) => ({
      ...image,
      logits: [...image.logits, [0, (image.index >> 1) % 2 === 0 ? 6 : -6, 0]],
    }));
    const [knows, guesses] = fit(images, "expert").temperatures;
    expect(knows).toBeLessThan(4);
    expect(guesses).toBeGreaterThan(10);
  });

  test("fits no worse than one temperature, and better than its neighbors", () => {
    fc.assert(
      fc.property(imagesOf(3), (images) => {
        const { temperature } = fit(images, "global");
        const { temperatures } = fit(images, "expert");
        const at = (given: readonly number[]): number => nll(images, scaled(given));
        const least = at(temperatures) - 1e-9;
        expect(least).toBeLessThanOrEqual(at([temperature, temperature, temperature]));
        temperatures.forEach((own, k) => {
          for (const other of [own * 1.05, own / 1.05].filter((t) => t >= 1 / 20 && t <= 20))
            expect(least).toBeLessThanOrEqual(at(temperatures.with(k, other)));
        });
      }),
    );
  });
});

test("where not all fit, images are chosen by their place, whatever the batches", () => {
  const logits = [Array.from({ length: classes }, (_, c) => c)];
  const images = Array.from({ length: 10 }, (_, index) => ({ index, label: index % 3, logits }));
  const labels = (batch: number): number[] => {
    using kept = new KeptLogits({ images: 2 ** 27, experts: 1, classes }); // every third fits
    for (let start = 0; start < images.length; start += batch) {
      using _scope = scope();
      kept.add(observe(images.slice(start, start + batch)));
    }
    return kept.batches.flatMap((one) => one.labels.toList());
  };
  expect(labels(10)).toEqual([0, 3, 6, 9].map((index) => index % 3));
  expect(labels(4)).toEqual(labels(10));
});

test("frees every tensor", () => {
  const { live } = memory();
  const images = answered(30, 40, 6).map((image) => ({ ...image, logits: [image.logits[0]!, [0, 1, 2]] }));
  for (const kind of ["global", "group", "expert"] as const) fit(images, kind, { batch: 7 });
  expect(memory().live).toBe(live);
});
