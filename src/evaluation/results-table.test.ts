import { expect, test } from "vitest";
import type { EvaluationResult, ModelScores } from "./accuracy.js";
import { classTable, confusionTable, resultsTable, scoresTable } from "./results-table.js";

const scores: ModelScores = {
  ...{ all: 50, many: 100, medium: null, few: 0 },
  ...{ balanced: 50, harmonicMean: 0, worstClass: 0, macroF1: 45.25, top5: 100 },
};
const result: EvaluationResult = {
  ensemble: scores,
  experts: [
    { ...scores, all: 25, many: 50 },
    { ...scores, balanced: 40 },
  ],
  perClass: [
    { name: "cat", trainImages: 200, testImages: 1, accuracy: 100 },
    { name: "dog", trainImages: 50, testImages: 0, accuracy: null },
    { name: "eel", trainImages: 5, testImages: 3, accuracy: 0 },
  ],
  confusion: [
    [0, 0, 1],
    [2, 0, 1],
    [2, 1, 2],
  ],
  loss: 1.5,
  images: 4,
  groups: "field",
};

test("the ensemble and its experts by group", () => {
  expect(resultsTable(result)).toMatchInlineSnapshot(`
    "accuracy, %   all   many  medium  few
    ensemble     50.0  100.0       -  0.0
    expert 1     25.0   50.0       -  0.0
    expert 2     50.0  100.0       -  0.0"
  `);
});

test("a single expert is the model: one row", () => {
  expect(resultsTable({ ...result, experts: [result.ensemble] })).toMatchInlineSnapshot(`
    "accuracy, %   all   many  medium  few
    model        50.0  100.0       -  0.0"
  `);
});

test("what else there is about each", () => {
  expect(scoresTable(result)).toMatchInlineSnapshot(`
    "over classes, %  balanced  harmonic mean  worst class  macro F1  top 5
    ensemble             50.0            0.0          0.0      45.3  100.0
    expert 1             50.0            0.0          0.0      45.3  100.0
    expert 2             40.0            0.0          0.0      45.3  100.0"
  `);
});

test("class by class", () => {
  expect(classTable(result)).toMatchInlineSnapshot(`
    "class  training images  test images  accuracy, %
    cat                200            1        100.0
    dog                 50            0            -
    eel                  5            3          0.0"
  `);
});

test("the most frequent mistakes, most frequent first", () => {
  expect(confusionTable(result)).toMatchInlineSnapshot(`
    "most frequent mistakes  taken for  images
    eel                           dog       2
    eel                           cat       1"
  `);
  expect(confusionTable(result, 1).split("\n")).toHaveLength(2);
  expect(confusionTable({ ...result, confusion: [[0, 0, 4]] })).toBe("");
});
