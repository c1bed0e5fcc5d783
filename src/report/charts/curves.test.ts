import { expect, test } from "vitest";
import { curvesChart } from "./curves.js";

/** The labels of a chart's axes. */
function ticks(points: readonly { readonly x: number; readonly y: number }[]): string[] {
  const { text } = curvesChart({
    ...{ title: "Accuracy", description: "by epoch", y: { label: "accuracy" } },
    curves: [{ name: "all", color: "red", points }],
  });
  const svg = /<svg[^]*<\/svg>/.exec(text)?.[0] ?? "";
  return [...svg.matchAll(/<text[^>]*>([^<]+)<\/text>/g)]
    .map(([, label]) => label!)
    .filter((label) => /\d/.test(label));
}

test("a run of one epoch has axes of plain numbers", () => {
  expect(ticks([{ x: 20, y: 37.25 }])).toEqual(["37.25", "20"]);
  expect(ticks([{ x: 1, y: 1e-5 }])).toEqual(["0.00001", "1"]);
});

test("fractions keep their digits", () => {
  expect(
    ticks([
      { x: 1, y: 0.1 },
      { x: 3, y: 0.3 },
    ]),
  ).toEqual(expect.arrayContaining(["0.1", "0.15", "0.3", "1", "3"]));
});
