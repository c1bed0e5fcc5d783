import { expect, test } from "vitest";
import { formatTable } from "./table.js";

test("aligns names left and numbers right", () => {
  expect(
    formatTable(
      ["method", "all", "few"],
      [
        ["cross-entropy", 38.25, null],
        ["ncl", 100, 7],
      ],
    ),
  ).toMatchInlineSnapshot(`
    "method           all  few
    cross-entropy   38.3    -
    ncl            100.0  7.0"
  `);
});
