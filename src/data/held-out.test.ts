import fc from "fast-check";
import { expect, test } from "vitest";
import { heldOutSplit } from "./held-out.js";

const CLASSES = 4;
const options = { classes: CLASSES, share: 0.1, seed: 0 };
const labelled = fc.array(fc.nat(CLASSES - 1), { maxLength: 200 });
const countsOf = (labels: readonly number[], of: readonly number[]): number[] =>
  Array.from({ length: CLASSES }, (_, label) => of.filter((index) => labels[index] === label).length);

test("every image is on one side, every class keeps one, and each gives its share", () => {
  fc.assert(
    fc.property(
      labelled,
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.nat(99),
      (labels, share, seed) => {
        const { kept, heldOut } = heldOutSplit(labels, { classes: CLASSES, share, seed });
        expect([...kept, ...heldOut].sort((a, b) => a - b)).toEqual(labels.map((_, index) => index));
        const all = countsOf(labels, [...labels.keys()]);
        const expected = all.map((n) => Math.max(0, Math.min(Math.round(share * n), n - 1)));
        expect(countsOf(labels, heldOut)).toEqual(expected);
      },
    ),
  );
});

test("the choice depends on labels and seed alone", () => {
  const labels = Array.from({ length: 100 }, (_, index) => index % CLASSES);
  const { heldOut } = heldOutSplit(labels, options);
  expect(heldOutSplit(labels, options).heldOut).toEqual(heldOut);
  expect(heldOutSplit(labels, { ...options, seed: 1 }).heldOut).not.toEqual(heldOut);
});

test("a class of four keeps all at a tenth, one of five gives one", () => {
  expect(
    countsOf([0, 0, 0, 0, 1, 1, 1, 1, 1], heldOutSplit([0, 0, 0, 0, 1, 1, 1, 1, 1], options).heldOut),
  ).toEqual([0, 1, 0, 0]);
});
