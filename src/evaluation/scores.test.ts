import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classScores, groupAccuracy } from "./scores.js";
import { ConfusionTally, Tally } from "./tally.js";

/** Counts of some classes from pairs of [label, answer]. */
function counted(classes: number, pairs: readonly (readonly [number, number])[]) {
  const tally = new Tally(classes);
  const confusion = new ConfusionTally(classes);
  const labels = Int32Array.from(pairs, ([label]) => label);
  const answers = Int32Array.from(pairs, ([, answer]) => answer);
  tally.add(labels, answers);
  confusion.add(labels, answers);
  const seen = new Float64Array(classes);
  for (const label of labels) seen[label]! += 1;
  return { seen, correct: tally.correct, predicted: tally.predicted, confusion: confusion.result() };
}

describe("small examples", () => {
  // cat 4 images, 3 correct; dog 2, 1 correct; eel 1, taken for cat; fox none, but predicted once.
  const counts = counted(4, [...[0, 0, 0, 1].map((answer) => [0, answer] as const), [1, 1], [1, 3], [2, 0]]);

  test("every class counts the same, a class without test images not at all", () => {
    const { balanced, harmonicMean, worstClass, macroF1 } = classScores(counts);
    expect(balanced).toBeCloseTo((75 + 50 + 0) / 3, 12);
    expect(harmonicMean).toBe(0);
    expect(worstClass).toBe(0);
    expect(macroF1).toBeCloseTo((100 * (6 / 8 + 2 / 4 + 0)) / 3, 12);
  });

  test("the harmonic mean of 75 % and 50 % is 60 %", () => {
    const { harmonicMean, worstClass } = classScores(
      counted(2, [...[0, 0, 0, 1].map((answer) => [0, answer] as const), [1, 1], [1, 0]]),
    );
    expect(harmonicMean).toBeCloseTo(60, 12);
    expect(worstClass).toBe(50);
  });

  test("the confusion matrix holds the pairs that occur", () => {
    expect(counts.confusion).toEqual([
      [0, 0, 3],
      [0, 1, 1],
      [1, 1, 1],
      [1, 3, 1],
      [2, 0, 1],
    ]);
  });

  test("accuracy by group weighs images, and a group without test images is null", () => {
    expect(groupAccuracy(counts, ["many", "many", "few", "medium"])).toEqual({
      all: 400 / 7,
      many: 400 / 6,
      medium: null,
      few: 0,
    });
  });
});

describe("for any answers", () => {
  const classes = 5;
  const pair = fc.tuple(fc.nat(classes - 1), fc.nat(classes - 1));
  const answers = fc.array(pair, { minLength: 1, maxLength: 60 });

  test("worst <= harmonic mean <= balanced, all between 0 and 100", () => {
    fc.assert(
      fc.property(answers, (pairs) => {
        const { balanced, harmonicMean, worstClass, macroF1 } = classScores(counted(classes, pairs));
        const ascending = [0, worstClass, harmonicMean, balanced, 100];
        ascending.slice(1).forEach((value, i) => {
          expect(value).toBeGreaterThanOrEqual(ascending[i]! - 1e-9);
        });
        expect(macroF1).toBeGreaterThanOrEqual(0);
        expect(macroF1).toBeLessThanOrEqual(100);
      }),
    );
  });

  test("with equally many test images of every class, balanced accuracy is accuracy", () => {
    const balancedSet = fc.array(fc.nat(classes - 1), { minLength: 3 * classes, maxLength: 3 * classes });
    fc.assert(
      fc.property(balancedSet, (given) => {
        const counts = counted(
          classes,
          given.map((answer, i) => [i % classes, answer] as const),
        );
        const groups = Array.from({ length: classes }, () => "many" as const);
        expect(classScores(counts).balanced).toBeCloseTo(groupAccuracy(counts, groups).all, 10);
      }),
    );
  });

  test("the order of the images and the names of the classes do not matter", () => {
    fc.assert(
      fc.property(answers, (pairs) => {
        const scores = classScores(counted(classes, pairs));
        const other = (c: number): number => (c + 2) % classes;
        const renamed = pairs.map(([label, answer]) => [other(label), other(answer)] as const).reverse();
        const { confusion, ...counts } = counted(classes, renamed);
        const again = classScores(counts);
        for (const key of ["balanced", "harmonicMean", "worstClass", "macroF1"] as const)
          expect(again[key], key).toBeCloseTo(scores[key], 10);
        expect(confusion.reduce((total, [, , images]) => total + images, 0)).toBe(pairs.length);
      }),
    );
  });

  test("always correct: 100 everywhere; always wrong: 0", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(classes - 1), { minLength: 1 }), (labels) => {
        const correct = classScores(
          counted(
            classes,
            labels.map((label) => [label, label]),
          ),
        );
        const wrong = classScores(
          counted(
            classes,
            labels.map((label) => [label, (label + 1) % classes]),
          ),
        );
        expect(Object.values(correct)).toEqual([100, 100, 100, 100]);
        expect(Object.values(wrong)).toEqual([0, 0, 0, 0]);
      }),
    );
  });
});
