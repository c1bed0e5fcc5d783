import { describe, expect, test } from "vitest";
import { tensor } from "../torch/create.js";
import { memory, scope } from "../torch/scope.js";
import { AccuracyMeter, type AccuracyMeterOptions } from "./accuracy.js";
const options: AccuracyMeterOptions = {
  classes: ["cat", "dog", "eel"],
  counts: [200, 50, 5],
  experts: 2,
  groups: "field",
};

function add(meter: AccuracyMeter, first: number[], second: number[], labels: number[]): void {
  using _scope = scope();
  const shape = [labels.length, 3];
  const logits = [tensor(new Float32Array(first), { shape }), tensor(new Float32Array(second), { shape })];
  meter.add({ logits, labels: tensor(new BigInt64Array(labels.map(BigInt)), { shape: [labels.length] }) });
}

describe("AccuracyMeter", () => {
  test("judges the ensemble by the mean of the raw logits, and each expert", () => {
    const meter = new AccuracyMeter(options);
    // Image 1: expert 1 says dog, expert 2 is surer of cat. Image 2: both say dog, but it is an eel.
    add(meter, [1, 2, 0, 0, 1, 0], [9, 0, 0, 0, 1, 0], [0, 2]);
    const result = meter.result();
    expect(result.ensemble).toMatchObject({ all: 50, many: 100, medium: null, few: 0 });
    expect(result.experts[0]).toMatchObject({ all: 0, many: 0, medium: null, few: 0 });
    expect(result.experts[1]).toMatchObject({ all: 50, many: 100, medium: null, few: 0 });
    expect(result.perClass).toEqual([
      { name: "cat", trainImages: 200, testImages: 1, accuracy: 100 },
      { name: "dog", trainImages: 50, testImages: 0, accuracy: null },
      { name: "eel", trainImages: 5, testImages: 1, accuracy: 0 },
    ]);
    expect(result.images).toBe(2);
  });

  test("scores over classes, of the ensemble and of each expert, and the ensemble's confusions", () => {
    const meter = new AccuracyMeter(options);
    // Cat, cat, dog, eel. The ensemble: cat, dog, dog, dog. Expert 1 always says dog; expert 2 is always right.
    const dog = [0, 9, 0];
    const second = [...[20, 0, 0], ...[1, 0, 0], ...[0, 1, 0], ...[0, 0, 1]];
    add(meter, [dog, dog, dog, dog].flat(), second, [0, 0, 1, 2]);
    const { ensemble, experts, confusion } = meter.result();
    expect(ensemble.balanced).toBeCloseTo((50 + 100 + 0) / 3, 12);
    expect(ensemble).toMatchObject({ harmonicMean: 0, worstClass: 0, top5: 100 });
    expect(ensemble.macroF1).toBeCloseTo((100 * (2 / 3 + 2 / 4 + 0)) / 3, 12);
    expect(experts[0]?.balanced).toBeCloseTo(100 / 3, 12);
    expect(experts[0]?.macroF1).toBeCloseTo((100 * (2 / 5)) / 3, 12);
    expect(experts[1]).toMatchObject({ balanced: 100, harmonicMean: 100, worstClass: 100, macroF1: 100 });
    expect(confusion).toEqual([
      [0, 0, 1],
      [0, 1, 1],
      [1, 1, 1],
      [2, 1, 1],
    ]);
  });

  test("top 5: the class is among the five largest logits", () => {
    const classes = Array.from({ length: 7 }, (_, c) => `class ${c}`);
    const meter = new AccuracyMeter({ classes, counts: classes.map(() => 9), experts: 1, groups: "field" });
    using _scope = scope();
    const descending = [7, 6, 5, 4, 3, 2, 1];
    const logits = tensor([...descending, ...descending, ...descending], { shape: [3, 7] });
    meter.add({ logits: [logits], labels: tensor([0, 4, 5], { dtype: "int64" }) });
    expect(meter.result().ensemble.top5).toBeCloseTo(200 / 3, 12);
  });

  test("the loss is the mean cross-entropy of the ensemble's logits", () => {
    const meter = new AccuracyMeter(options);
    add(meter, [1, 0, 0], [3, 0, 0], [0]);
    add(meter, [0, 0, 0], [0, 0, 0], [1]);
    const expected = (Math.log(Math.exp(2) + 2) - 2 + Math.log(3)) / 2;
    expect(meter.result().loss).toBeCloseTo(expected, 12);
  });

  test("does not depend on how the images are batched, and keeps no tensor", () => {
    const together = new AccuracyMeter(options);
    const apart = new AccuracyMeter(options);
    const { live } = memory();
    add(together, [1, 2, 0, 0, 1, 0], [9, 0, 0, 0, 1, 0], [0, 2]);
    add(apart, [0, 1, 0], [0, 1, 0], [2]);
    add(apart, [1, 2, 0], [9, 0, 0], [0]);
    expect(memory().live).toBe(live);
    expect(apart.result()).toEqual(together.result());
  });

  test("refuses logits of another number of experts, and a result of nothing", () => {
    const meter = new AccuracyMeter({ ...options, experts: 3 });
    expect(() => {
      add(meter, [0, 1, 0], [0, 1, 0], [2]);
    }).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: AccuracyMeter: expected logits of 3 experts, received 2]`,
    );
    expect(() => meter.result()).toThrow("nothing was added");
  });
});
