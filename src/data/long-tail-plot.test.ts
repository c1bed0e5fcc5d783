import { expect, it } from "vitest";
import type { ClassSize } from "./statistics.js";
import { longTailPlot } from "./long-tail-plot.js";

function classes(counts: readonly number[]): ClassSize[] {
  return counts.map((train, label) => ({ name: `<${label}>`, train, test: null, group: "few" }));
}

function bars(svg: string): number[] {
  return [...svg.matchAll(/<rect class="few" x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)">/g)].map(
    ([, height]) => Number(height),
  );
}

it("has a bar a class, largest first, on a logarithmic scale", () => {
  const { text } = longTailPlot(classes([1, 100, 10, 0]));
  const [first, second, third, fourth] = bars(text);
  expect(first).toBe(200);
  expect(first! - second!).toBeCloseTo(second! - third!, 1);
  expect(third).toBeGreaterThan(5);
  expect(fourth).toBe(0);
  expect(text).toContain('aria-label="Training images of 4 classes, from 100 (&lt;1&gt;) to 0 (&lt;3&gt;)"');
  expect(text).not.toMatch(/NaN|undefined/);
});

it("is not larger for thousands of classes", () => {
  const { text } = longTailPlot(classes(Array.from({ length: 8142 }, (_, i) => 1 + (i % 1000))));
  expect(bars(text)).toHaveLength(700);
  expect(text.length).toBeLessThan(120_000);
});

it("copes with no class, and with equal ones", () => {
  expect(longTailPlot([]).text).toContain("No classes");
  expect(bars(longTailPlot(classes([1, 1])).text)).toHaveLength(2);
});
