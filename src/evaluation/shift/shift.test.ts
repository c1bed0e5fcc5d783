import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memory, scope } from "../../torch/scope.js";
import { observe, softmax } from "../analysis/naive.fixture.js";
import { groupOf } from "../../data/groups.js";
import { reweightedAccuracy, targetShares, logShift, shiftLogits } from "./targets.js";

const shares = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 4, maxLength: 4 });
const logits = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 4, maxLength: 4 });

describe("moving logits from some shares of the classes to others", () => {
  test("is Bayes' rule: probabilities are multiplied by target over source and normalized", () => {
    fc.assert(
      fc.property(logits, shares, shares, (z, target, source) => {
        const shift = logShift(target, source);
        const moved = softmax(z.map((logit, c) => logit + shift[c]!));
        const products = softmax(z).map((p, c) => (p * target[c]!) / source[c]!);
        const sum = products.reduce((total, product) => total + product, 0);
        moved.forEach((p, c) => {
          expect(p).toBeCloseTo(products[c]! / sum, 10);
        });
      }),
    );
  });

  test("to the same shares changes nothing, there and back neither", () => {
    expect(logShift([3, 2, 0], [30, 20, 0])).toEqual([0, 0, 0].map(() => expect.closeTo(0, 12) as number));
    fc.assert(
      fc.property(shares, shares, (a, b) => {
        const back = logShift(b, a);
        logShift(a, b).forEach((shift, c) => {
          expect(shift + back[c]!).toBeCloseTo(0, 10);
        });
      }),
    );
  });

  test("of every expert alike, and frees its tensors", () => {
    const { live } = memory();
    {
      using _scope = scope();
      const { logits: experts } = observe([{ index: 0, label: 0, logits: [[0, 0], [1, 5]] }]); // prettier-ignore
      const moved = shiftLogits([3, 1], [1, 1])(experts).map((expert) => expert.toList());
      expect(moved[0]![0]! - moved[0]![1]!).toBeCloseTo(Math.log(3), 6);
      expect(moved[1]![0]! - moved[1]![1]!).toBeCloseTo(Math.log(3) - 4, 6);
    }
    expect(memory().live).toBe(live);
  });
});

describe("targets", () => {
  test("uniform, as trained, and with the sizes turned over", () => {
    const counts = [50, 400, 3, 50, 7];
    expect(targetShares("uniform", counts)).toEqual([1, 1, 1, 1, 1]);
    expect(targetShares("train", counts)).toEqual(counts);
    // Largest first: class 1 (400), 0 (50), 3 (50), 4 (7), 2 (3).
    expect(targetShares("reversed", counts)).toEqual([7, 3, 400, 50, 50]);
  });
});

describe("accuracy weighted to a target", () => {
  const counts = [200, 50, 5, 4];
  const groupOfClass = groupOf(counts, "field");

  test("weighs classes by their shares, also within a group; a class without test images is left out", () => {
    const perClass = [90, 60, 30, null].map((accuracy) => ({ accuracy }));
    expect(reweightedAccuracy(perClass, { shares: [6, 3, 1, 5], groupOfClass })).toEqual({
      all: (6 * 90 + 3 * 60 + 30) / 10,
      many: 90,
      medium: 60,
      few: 30,
    });
  });

  test("is that of images which occur as often as the target says", () => {
    const image = fc.record({ label: fc.nat(3), right: fc.boolean() });
    fc.assert(
      fc.property(fc.array(image, { minLength: 1 }), shares, (images, target) => {
        const of = (label: number) => images.filter((one) => one.label === label);
        const perClass = counts.map((_, label) => {
          const all = of(label);
          const right = all.filter((one) => one.right).length;
          return { accuracy: all.length === 0 ? null : (100 * right) / all.length };
        });
        const weights = images.map(({ label }) => target[label]! / of(label).length);
        const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
        const right = weights.map((weight, i) => (images[i]!.right ? weight : 0));
        const { all } = reweightedAccuracy(perClass, { shares: target, groupOfClass });
        expect(all).toBeCloseTo((100 * sum(right)) / sum(weights), 9);
      }),
    );
  });
});
