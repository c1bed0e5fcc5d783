import { expect, test } from "vitest";
import type { ModelScores } from "./accuracy.js";
import { overSeeds, formatSeeds } from "./over-seeds.js";

const scores = (all: number, many: number, few: number): ModelScores => ({
  ...{ all, many, medium: null, few },
  ...{ balanced: all, harmonicMean: 0, worstClass: 0, macroF1: 0, top5: 100 },
});

test("mean and sample standard deviation, by group", () => {
  const results = [1, 2, 4].map((x) => ({
    ensemble: scores(60 + x, 80, 40 - x),
    experts: [scores(50 + x, 70, 30), scores(55, 75, 35)],
  }));
  const summary = overSeeds(results);
  expect(summary.ensemble.all).toEqual({
    mean: 187 / 3,
    deviation: expect.closeTo(Math.sqrt(7 / 3), 12) as number, // of 1, 2, 4
    values: [61, 62, 64],
  });
  expect(summary.ensemble.medium).toBeNull();
  expect(formatSeeds(summary)).toMatchInlineSnapshot(`
    "accuracy, %         all        many  medium         few
    ensemble     62.3 ± 1.5  80.0 ± 0.0       -  37.7 ± 1.5
    expert 1     52.3 ± 1.5  70.0 ± 0.0       -  30.0 ± 0.0
    expert 2     55.0 ± 0.0  75.0 ± 0.0       -  35.0 ± 0.0"
  `);
});

test("a single seed has no deviation", () => {
  const summary = overSeeds([{ ensemble: scores(60, 80, 40), experts: [scores(60, 80, 40)] }]);
  expect(summary.ensemble.all).toEqual({ mean: 60, deviation: null, values: [60] });
  expect(formatSeeds(summary)).toMatchInlineSnapshot(`
    "accuracy, %   all  many  medium   few
    model        60.0  80.0       -  40.0"
  `);
});
