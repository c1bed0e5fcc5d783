import { expect, test } from "vitest";
import type { EvaluationResult } from "./accuracy.js";
import { classTable, resultsTable } from "./results-table.js";

const result: EvaluationResult = {
  ensemble: { all: 50, many: 100, medium: null, few: 0 },
  experts: [
    { all: 25, many: 50, medium: null, few: 0 },
    { all: 50, many: 100, medium: null, few: 0 },
  ],
  perClass: [
    { name: "cat", trainImages: 200, testImages: 1, accuracy: 100 },
    { name: "dog", trainImages: 50, testImages: 0, accuracy: null },
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

test("class by class", () => {
  expect(classTable(result)).toMatchInlineSnapshot(`
    "class  training images  test images  accuracy, %
    cat                200            1        100.0
    dog                 50            0            -"
  `);
});
