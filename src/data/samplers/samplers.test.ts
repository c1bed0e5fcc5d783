import { describe, expect, it } from "vitest";
import { chiSquareProbability } from "../chi-square.fixture.js";
import { buildSampler, type SamplerSpec } from "./registry.js";
import { repeatFactors } from "./repeat-factor.js";
import { drawCounts } from "./sampler.js";

/** A long tail: class c has ⌊400 · 0.6^c⌋ images, 400 to 4, and the images of the classes are mixed. */
const counts = Array.from({ length: 10 }, (_, c) => Math.floor(400 * 0.6 ** c));
const total = counts.reduce((sum, count) => sum + count, 0);
const labels = mixedLabels();
const dataset = { labels, classes: counts.map((_, label) => `class ${label}`) };

function mixedLabels(): Int32Array {
  const inOrder = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  return Int32Array.from(inOrder, (_, i) => inOrder[(i * 379) % total]!); // 379 and the total have no common factor
}

const kinds: SamplerSpec[] = [
  { kind: "instance" },
  { kind: "class-balanced" },
  { kind: "square-root" },
  { kind: "fourth-root" },
  { kind: "progressive" },
  { kind: "repeat-factor", threshold: null },
];

/** Draws of each class in `epochs` epochs of a training of 200. */
function drawnClasses(spec: SamplerSpec, epochs: number, first = 0): number[] {
  const sampler = buildSampler(spec, { dataset, seed: 3, epochs: 200 });
  const drawn = counts.map(() => 0);
  for (let epoch = first; epoch < first + epochs; epoch++)
    for (const image of sampler.epoch(epoch)) drawn[labels[image]!]!++;
  return drawn;
}

const EPOCHS = 110; // of 993 images: over 100,000 draws
const UNLIKELY = 0.001;

describe("frequencies of classes", () => {
  it.each([
    ["class-balanced", 0],
    ["square-root", 1 / 2],
    ["fourth-root", 1 / 4],
  ] as const)("%s: as the counts to the power of %f", (kind, exponent) => {
    const drawn = drawnClasses({ kind }, EPOCHS);
    expect(drawn.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(100_000);
    expect(
      chiSquareProbability(
        drawn,
        counts.map((n) => n ** exponent),
      ),
    ).toBeGreaterThan(UNLIKELY);
    expect(
      chiSquareProbability(
        drawn,
        counts.map((n) => n ** (exponent + 0.05)),
      ),
    ).toBeLessThan(UNLIKELY);
  });

  it("progressive: from the images' shares to equal ones in the last epoch", () => {
    const shares = (epoch: number): number[] => {
      const t = (epoch + 1) / 200;
      return counts.map((n) => ((1 - t) * n) / total + t / counts.length);
    };
    const whole = Array.from({ length: EPOCHS }, (_, epoch) => shares(epoch));
    const mean = counts.map((_, c) => whole.reduce((sum, epoch) => sum + epoch[c]!, 0));
    expect(chiSquareProbability(drawnClasses({ kind: "progressive" }, EPOCHS), mean)).toBeGreaterThan(
      UNLIKELY,
    );
    for (const epoch of [0, 99, 199])
      expect(
        chiSquareProbability(drawnClasses({ kind: "progressive" }, 1, epoch), shares(epoch)),
      ).toBeGreaterThan(UNLIKELY);
    expect(shares(199)).toEqual(counts.map(() => 0.1));
  });

  it("repeat-factor: each image as often as its class's factor says", () => {
    for (const threshold of [null, 0.25]) {
      const factors = repeatFactors(counts, threshold ?? 0.1);
      const drawn = drawnClasses({ kind: "repeat-factor", threshold }, EPOCHS);
      expect(
        chiSquareProbability(
          drawn,
          counts.map((n, c) => n * factors[c]!),
        ),
      ).toBeGreaterThan(UNLIKELY);
    }
  });

  it("within a class, every image is as likely", () => {
    const sampler = buildSampler({ kind: "class-balanced" }, { dataset, seed: 3, epochs: 1 });
    const drawn = new Map<number, number>();
    for (let epoch = 0; epoch < EPOCHS; epoch++)
      for (const image of sampler.epoch(epoch))
        if (labels[image] === 7) drawn.set(image, (drawn.get(image) ?? 0) + 1);
    expect(drawn.size).toBe(counts[7]); // 11
    expect(chiSquareProbability([...drawn.values()], new Array<number>(11).fill(1))).toBeGreaterThan(
      UNLIKELY,
    );
  });
});

describe("an epoch", () => {
  it.each(kinds)("$kind: always of the same length, and of seed and epoch alone", (spec) => {
    const build = (seed: number) => buildSampler(spec, { dataset, seed, epochs: 200 });
    const sampler = build(3);
    const epochs = [0, 1, 2, 150].map((epoch) => sampler.epoch(epoch));
    expect(epochs.map(({ length }) => length)).toEqual(epochs.map(() => sampler.size));
    if (spec.kind !== "repeat-factor") expect(sampler.size).toBe(total);
    expect(build(3).epoch(150)).toEqual(epochs[3]);
    expect(sampler.epoch(0)).not.toEqual(epochs[1]);
    expect(build(4).epoch(0)).not.toEqual(epochs[0]);
  });

  it("instance: has every image once", () => {
    const order = buildSampler({ kind: "instance" }, { dataset, seed: 0, epochs: 1 }).epoch(5);
    expect(order.sort()).toEqual(Int32Array.from({ length: total }, (_, i) => i));
  });

  it("repeat-factor: has every image as often as its factor, rounded down or up", () => {
    const factors = repeatFactors(counts, 0.1);
    const sampler = buildSampler({ kind: "repeat-factor", threshold: null }, { dataset, seed: 1, epochs: 9 });
    expect(sampler.size).toBe(Math.round(counts.reduce((sum, n, c) => sum + n * factors[c]!, 0)));
    const more = [0, 1].map((epoch) => {
      const times = new Int32Array(total);
      for (const image of sampler.epoch(epoch)) times[image]!++;
      times.forEach((n, image) => {
        const factor = factors[labels[image]!]!;
        expect([Math.floor(factor), Math.ceil(factor)]).toContain(n);
      });
      return times;
    });
    expect(more[0]).not.toEqual(more[1]);
  });

  it("repeat-factor: is the instance sampler's where no class is rare", () => {
    const options = { dataset, seed: 6, epochs: 9 };
    const repeated = buildSampler({ kind: "repeat-factor", threshold: 1e-9 }, options);
    expect(repeated.epoch(3)).toEqual(buildSampler({ kind: "instance" }, options).epoch(3));
  });

  it("has no image of a class that has none", () => {
    const gap = { labels: Int32Array.of(0, 2, 2, 2), classes: ["a", "b", "c"] };
    for (const spec of kinds) {
      const sampler = buildSampler(spec, { dataset: gap, seed: 0, epochs: 2 });
      expect([...sampler.epoch(0), ...sampler.epoch(1)].every((image) => image < 4)).toBe(true);
    }
  });
});

it("repeat factors are those of the LVIS paper", () => {
  expect(repeatFactors([9990, 10, 0], 0.004)).toEqual([1, 2, 1]);
});

it("draws of an image are counted", () => {
  expect(drawCounts(Int32Array.of(2, 0, 2, 2, 1, 0), 3)).toEqual(Int32Array.of(0, 0, 1, 2, 0, 1));
});
