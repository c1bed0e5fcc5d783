/** Whether and how flips, blurs and jitters happen, 100,000 times, against the formulas. */
import { describe, expect, it } from "vitest";
import { Mulberry32 } from "../support/mulberry32.js";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { column, countsProbability, draws, DRAWS, equal, LEAST } from "./draws.fixture.js";
import { sameDistributionProbability } from "../../src/data/kolmogorov-smirnov.fixture.js";

describe("horizontal-flip, grayscale and blur", () => {
  const kinds = (p: number): TransformSpec[] => [
    { kind: "horizontal-flip", p },
    { kind: "grayscale", p },
    { kind: "gaussian-blur", sigma: [0.1, 2], p },
    { kind: "color-jitter", brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p },
  ];

  it.each([0.2, 0.5, 0.8])("happen with p %d", (p) => {
    for (const transform of kinds(p))
      expect(countsProbability(column(draws(transform), 0), [1 - p, p]), transform.kind).toBeGreaterThan(
        LEAST,
      );
  });

  it("always or never happen where p is 1 or 0", () => {
    for (const p of [0, 1])
      for (const transform of kinds(p))
        expect(new Set(column(draws(transform, { images: 1000 }), 0)), transform.kind).toEqual(new Set([p]));
  });

  it("happen to an image's two views independently", () => {
    for (const transform of kinds(0.5)) {
      const [first, second] = [0, 1].map((view) => column(draws(transform, { view }), 0));
      const pairs = first!.map((happens, image) => 2 * happens + second![image]!);
      expect(countsProbability(pairs, equal(4)), transform.kind).toBeGreaterThan(LEAST);
    }
  });

  it("blur by a sigma that is uniform, whether or not it happens", () => {
    const drawn = draws({ kind: "gaussian-blur", sigma: [0.1, 2], p: 0.5 });
    const random = new Mulberry32(1);
    const formula = Array.from({ length: DRAWS }, () => 0.1 + 1.9 * random.uniform());
    expect(sameDistributionProbability(column(drawn, 1), formula)).toBeGreaterThan(LEAST);
    const happening = drawn.filter(([happens]) => happens === 1);
    expect(sameDistributionProbability(column(happening, 1), formula)).toBeGreaterThan(LEAST);
  });
});

describe("color-jitter", () => {
  const drawn = draws({
    kind: "color-jitter",
    brightness: 0.4,
    contrast: 1.5,
    saturation: [0.2, 0.9],
    hue: 0.1,
    p: 0.8,
  });

  it("has each of the 24 orders as often, whatever else it draws", () => {
    const orders = new Map<string, number>();
    const numbers = drawn.map((row) => {
      const order = row.slice(1, 5).join();
      if (!orders.has(order)) orders.set(order, orders.size);
      return 2 * orders.get(order)! + (row[5]! > 1 ? 1 : 0); // brighter or darker
    });
    expect(orders.size).toBe(24);
    expect(countsProbability(numbers, equal(48))).toBeGreaterThan(LEAST);
  });

  it("has factors that are uniform around 1 but never negative, and a hue that is uniform around 0", () => {
    const random = new Mulberry32(3);
    const ranges = [
      [0.6, 1.4],
      [0, 2.5],
      [0.2, 0.9],
      [-0.1, 0.1],
    ] as const;
    for (const [kind, [low, high]] of ranges.entries()) {
      const formula = Array.from({ length: DRAWS }, () => low + (high - low) * random.uniform());
      expect(sameDistributionProbability(column(drawn, 5 + kind), formula)).toBeGreaterThan(LEAST);
    }
  });
});
