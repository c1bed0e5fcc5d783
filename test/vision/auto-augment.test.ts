import { describe, expect, it } from "vitest";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { chiSquareProbability } from "../../src/data/chi-square.fixture.js";
import { countsOf, drawsOf, expectSameAsItsOperations, textOf } from "./policy.fixture.js";

/** Cubuk et al. 2019: operation, probability, level, twice in a row. Table 7. */
const cifar10 = `
  invert 0.1 7 contrast 0.2 6
  rotate 0.7 2 translate-x 0.3 9
  sharpness 0.8 1 sharpness 0.9 3
  shear-y 0.5 8 translate-y 0.7 9
  auto-contrast 0.5 8 equalize 0.9 2
  shear-y 0.2 7 posterize 0.3 7
  color 0.4 3 brightness 0.6 7
  sharpness 0.3 9 brightness 0.7 9
  equalize 0.6 5 equalize 0.5 1
  contrast 0.6 7 sharpness 0.6 5
  color 0.7 7 translate-x 0.5 8
  equalize 0.3 7 auto-contrast 0.4 8
  translate-y 0.4 3 sharpness 0.2 6
  brightness 0.9 6 color 0.2 8
  solarize 0.5 2 invert 0.0 3
  equalize 0.2 0 auto-contrast 0.6 0
  equalize 0.2 8 equalize 0.6 4
  color 0.9 9 equalize 0.6 6
  auto-contrast 0.8 4 solarize 0.2 8
  brightness 0.1 3 color 0.7 0
  solarize 0.4 5 auto-contrast 0.9 3
  translate-y 0.9 9 translate-y 0.7 9
  auto-contrast 0.9 2 solarize 0.8 3
  equalize 0.8 8 invert 0.1 3
  translate-y 0.7 9 auto-contrast 0.9 1`;
/** Table 9. */
const imageNet = `
  posterize 0.4 8 rotate 0.6 9
  solarize 0.6 5 auto-contrast 0.6 5
  equalize 0.8 8 equalize 0.6 3
  posterize 0.6 7 posterize 0.6 6
  equalize 0.4 7 solarize 0.2 4
  equalize 0.4 4 rotate 0.8 8
  solarize 0.6 3 equalize 0.6 7
  posterize 0.8 5 equalize 1.0 2
  rotate 0.2 3 solarize 0.6 8
  equalize 0.6 8 posterize 0.4 6
  rotate 0.8 8 color 0.4 0
  rotate 0.4 9 equalize 0.6 2
  equalize 0.0 7 equalize 0.8 8
  invert 0.6 4 equalize 1.0 8
  color 0.6 4 contrast 1.0 8
  rotate 0.8 8 color 1.0 2
  color 0.8 8 solarize 0.8 7
  sharpness 0.4 7 invert 0.6 8
  shear-x 0.6 5 equalize 1.0 9
  color 0.4 0 equalize 0.6 3
  equalize 0.4 7 solarize 0.2 4
  solarize 0.6 5 auto-contrast 0.6 5
  invert 0.6 4 equalize 1.0 8
  color 0.6 4 contrast 1.0 8
  equalize 0.8 8 equalize 0.6 3`;

/** The values that an operation takes at a level, each as likely. */
function valuesAt(operation: string, level: number): number[] {
  const of = (from: number, to: number): number => (level === 9 ? to : from + level * ((to - from) / 9));
  switch (operation) {
    case "shear-x":
    case "shear-y":
      return [of(0, 0.3), -of(0, 0.3)];
    case "translate-x":
    case "translate-y":
      return [of(0, 150 / 331), -of(0, 150 / 331)];
    case "rotate":
      return [of(0, 30)];
    case "posterize":
      return [Math.round(of(8, 4))];
    case "solarize":
      return [of(256, 0)];
    case "color":
    case "contrast":
    case "sharpness":
    case "brightness":
      return [1 + of(0, 0.9), 1 - of(0, 0.9)];
    default:
      return [0];
  }
}

/** The texts that describe what may be done, with their probabilities. */
function outcomes(
  operation: string,
  probability: number,
  level: number,
): [text: string, probability: number][] {
  const values = valuesAt(operation, level);
  const interpolation = operation.startsWith("shear") ? "bicubic" : "nearest";
  const texts = values.map((value) => textOf({ name: operation, value, interpolation }));
  return [
    ["", 1 - probability],
    ...texts.map((text): [string, number] => [text, probability / values.length]),
  ];
}

function expectedDraws(table: string): Map<string, number> {
  const draws = new Map<string, number>();
  const rows = table.trim().split("\n");
  rows.forEach((row, index) => {
    const [first, p1, level1, second, p2, level2] = row.trim().split(" ") as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    for (const [textA, a] of outcomes(first, Number(p1), Number(level1))) {
      for (const [textB, b] of outcomes(second, Number(p2), Number(level2))) {
        const both = [textA, textB].filter((text) => text !== "").join(", ");
        const text = `${index}: ${both}`;
        draws.set(text, (draws.get(text) ?? 0) + (a * b) / rows.length);
      }
    }
  });
  return draws;
}

describe.each([
  ["cifar10", cifar10],
  ["imagenet", imageNet],
] as const)("auto-augment %s", (policy, table) => {
  const transform: TransformSpec = { kind: "auto-augment", policy, fill: [128, 128, 128] };

  it("draws sub-policies, operations and signs as often as published", () => {
    const counts = countsOf(
      drawsOf(transform, 100_000).map(
        ({ alternative, steps }) => `${alternative}: ${steps.map(textOf).join(", ")}`,
      ),
    );
    const possible = [...expectedDraws(table)].filter(([, probability]) => probability > 0);
    const texts = possible.map(([text]) => text);
    expect([...counts.keys()].filter((text) => !texts.includes(text))).toEqual([]);
    const probability = chiSquareProbability(
      texts.map((text) => counts.get(text) ?? 0),
      possible.map(([, share]) => share),
    );
    expect(probability).toBeGreaterThan(1e-4);
  });

  it("does what it drew", () => {
    expectSameAsItsOperations(transform, [128, 128, 128]);
  });
});
