import { describe, expect, it } from "vitest";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { chiSquareProbability } from "../../src/data/chi-square.fixture.js";
import { countsOf, drawsOf, expectSameAsItsOperations } from "./policy.fixture.js";

/** PaCo's rand-n2-m10-mstd0.5. */
const paco: TransformSpec = {
  kind: "rand-augment",
  operations: 2,
  magnitude: 10,
  magnitudeStd: 0.5,
  p: 0.5,
  fill: [124, 116, 104],
};
const without = { ...paco, p: 1, magnitudeStd: 0 };

/** What each operation does at level 10 and at level 3. */
const values: Record<string, [strongest: number, weak: number]> = {
  "auto-contrast": [0, 0],
  equalize: [0, 0],
  invert: [0, 0],
  rotate: [30, 9],
  posterize: [4, 1],
  solarize: [256, 76],
  "solarize-add": [110, 33],
  color: [1.9, 0.64],
  contrast: [1.9, 0.64],
  brightness: [1.9, 0.64],
  sharpness: [1.9, 0.64],
  "shear-x": [0.3, 0.09],
  "shear-y": [0.3, 0.09],
  "translate-x": [0.45, 0.135],
  "translate-y": [0.45, 0.135],
};
const names = Object.keys(values);
const geometry = ["rotate", "shear-x", "shear-y", "translate-x", "translate-y"];

const even = (cells: number): number[] => Array.from({ length: cells }, () => 1);
const countsBy = <T>(keys: readonly T[], found: Iterable<T>): number[] => {
  const counts = countsOf(found);
  expect([...counts.keys()].filter((key) => !keys.includes(key))).toEqual([]);
  return keys.map((key) => counts.get(key) ?? 0);
};

describe("rand-augment", () => {
  const draws = drawsOf(paco, 100_000);
  const steps = draws.flatMap((draw) => draw.steps);

  it("draws every operation as often, also twice the same", () => {
    const pairs = drawsOf(without, 100_000).map(
      ({ steps: [first, second] }) => `${first!.name} ${second!.name}`,
    );
    const possible = names.flatMap((first) => names.map((second) => `${first} ${second}`));
    expect(chiSquareProbability(countsBy(possible, pairs), even(225))).toBeGreaterThan(1e-4);
  });

  it("does each of two with probability p", () => {
    const done = countsBy(
      [0, 1, 2],
      draws.map((draw) => draw.steps.length),
    );
    expect(chiSquareProbability(done, [0.25, 0.5, 0.25])).toBeGreaterThan(1e-4);
    const seldom = drawsOf({ ...paco, operations: 1, p: 0.1 }, 100_000).map((draw) => draw.steps.length);
    expect(chiSquareProbability(countsBy([0, 1], seldom), [0.9, 0.1])).toBeGreaterThan(1e-4);
  });

  it("negates geometry in half of the draws and interpolates it either way as often", () => {
    const found = steps.filter(({ name }) => geometry.includes(name));
    const cells = geometry.flatMap((name) =>
      [-1, 1].flatMap((sign) => ["bilinear", "bicubic"].map((how) => `${name} ${sign} ${how}`)),
    );
    const observed = countsBy(
      cells,
      found.map((s) => `${s.name} ${Math.sign(s.value)} ${s.interpolation}`),
    );
    expect(chiSquareProbability(observed, even(20))).toBeGreaterThan(1e-4);
    expect(steps.filter(({ name, value }) => !geometry.includes(name) && value < 0)).toEqual([]);
  });

  it("has a level of mean 10 and deviation 0.5, cut at 10", () => {
    // Quantiles of the normal distribution: the lower half in ten parts, and all of the upper one in one.
    const quantiles = [-1.6449, -1.2816, -1.0364, -0.8416, -0.6745, -0.5244, -0.3853, -0.2533, -0.1257];
    const bounds = quantiles.map((z) => (10 + 0.5 * z) / 10);
    const levels = steps
      .filter(({ name }) => name === "rotate" || name === "shear-x")
      .map(({ name, value }) => Math.abs(value) / values[name]![0]);
    const part = (level: number): number =>
      level === 1 ? 10 : bounds.filter((bound) => level > bound).length;
    const observed = countsBy([...Array(11).keys()], levels.map(part));
    expect(chiSquareProbability(observed, [...even(10), 10])).toBeGreaterThan(1e-4);
  });

  it("has the reference's values at its levels", () => {
    const found = (magnitude: number): Record<string, number> =>
      Object.fromEntries(
        drawsOf({ ...without, magnitude }, 500).flatMap((draw) =>
          draw.steps.map(({ name, value }) => [name, Math.abs(value)]),
        ),
      );
    const [strongest, weak] = [found(10), found(3)];
    expect(Object.keys(strongest).sort()).toEqual([...names].sort());
    for (const [name, [at10, at3]] of Object.entries(values)) {
      expect(strongest[name], name).toBeCloseTo(at10, 12);
      expect(weak[name], name).toBeCloseTo(at3, 12);
    }
  });

  it("does what it drew", () => {
    expectSameAsItsOperations(paco, [124, 116, 104]);
  });
});
