import { expect, test } from "vitest";
import { groupOf } from "./groups.js";

const counts = [101, 100, 99, 21, 20, 19];

test("the field's groups: many > 100, few < 20", () => {
  expect(groupOf(counts, "field")).toEqual(["many", "medium", "medium", "medium", "medium", "few"]);
});

test("the reference's groups: many >= 100, few <= 20", () => {
  expect(groupOf(counts, "ncl")).toEqual(["many", "many", "medium", "medium", "few", "few"]);
});
