import { expect, test } from "vitest";
import { adviseOn } from "../dataset-tools/advice/advise.js";
import { accuracyText, measuredText, measurements, parseMeasurements } from "./measured.js";
import { loadRecipe } from "./load.js";
import { builtInRecipes } from "./registry.js";

const one = measurements()["caltech20-lt-ncl"]!;

test("every measured recipe is built in and says what was measured", () => {
  const names = builtInRecipes.map(({ name }) => name);
  expect(Object.keys(measurements()).filter((name) => !names.includes(name))).toEqual([]);
  for (const { name, citation } of builtInRecipes)
    expect(citation!.split("; measured: ").slice(1), name).toEqual([measuredText(name)]);
});

test("a recipe has the learning rate that did best on held-out images", async () => {
  for (const [name, { tuning }] of Object.entries(measurements())) {
    if (tuning === undefined) continue;
    const best = tuning.rates.reduce((a, b) => (b.heldOut > a.heldOut ? b : a));
    expect((await loadRecipe(name)).optimizer.lr, name).toBe(best.lr);
  }
});

test("a summary gives all and few, and the seeds", () => {
  const { mean, std } = one.ensemble.all;
  expect(measuredText("caltech20-lt-ncl")).toContain(`${mean.toFixed(1)} ± ${std!.toFixed(1)} % all, `);
  expect(measuredText("places-lt-ncl")).toBe("not yet");
  expect(accuracyText({ mean: 60, std: null })).toBe("60.0");
});

test("the advice quotes the measured numbers", () => {
  const few = (name: string): string => accuracyText(measurements()[name]!.ensemble.few!);
  const counts = [400, 100, 5];
  const source =
    `few-shot classes ${few("caltech20-lt-ncl")} % with NCL, ${few("caltech20-lt-ce")} % with cross-entropy, ` +
    `${few("caltech20-lt-balanced-softmax-3")} % with three networks of balanced softmax`;
  const { advice } = adviseOn({ kind: "image-folder", counts, side: 32, smallestTest: 20 });
  expect(advice.flatMap(({ sources }) => sources).join("\n")).toContain(source);
});

test("a measurement without its commit, or with an unknown key, is refused", () => {
  expect(() => parseMeasurements({ a: { ...one, commit: "ec67d0b" } })).toThrow("commit");
  expect(() => parseMeasurements({ a: { ...one, acuracy: 1 } })).toThrow("acuracy");
  expect(() => parseMeasurements({ a: { ...one, seeds: [] } })).toThrow("seeds");
});
