import { expect, test } from "vitest";
import { formatBytes, formatSeconds } from "./units.js";

test("bytes in decimal units", () => {
  expect([0, 999, 1000, 530_712_279, 2.5e9].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "530.7 MB",
    "2.5 GB",
  ]);
});

test("seconds in what people read", () => {
  expect([7.21, 185, 7_620].map(formatSeconds)).toEqual(["7.2 s", "3 min 05 s", "2 h 07 min"]);
});
