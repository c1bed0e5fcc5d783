import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { adviseOn } from "../dataset-tools/advice/advise.js";
import { measured, measuredText, measurements, parseMeasured } from "./measured.js";
import { spreadText } from "../support/spread.js";
import type { ResultRow } from "./result-row.js";
import { loadRecipe } from "./load.js";
import type { RunDescription, RunResult } from "../runs/run-folder.js";
import { differences, storedRecipe } from "../runs/stored-recipe.js";
import { builtInRecipes } from "./registry.js";

const one = measurements()["caltech20-lt-ncl"]!;

test("every measured recipe is built in and says what was measured", () => {
  const names = builtInRecipes.map(({ name }) => name);
  expect(Object.keys(measurements()).filter((name) => !names.includes(name))).toEqual([]);
  for (const { name, citation } of builtInRecipes)
    expect(citation!.split("; measured: ").slice(1), name).toEqual([measuredText(name)]);
});

test("a recipe has the learning rate that did best on held-out images", async () => {
  for (const [name, tuning] of Object.entries(measured().tuning)) {
    const best = tuning.rates.reduce((a, b) => (b.heldOut > a.heldOut ? b : a));
    expect((await loadRecipe(name)).optimizer.lr, name).toBe(best.lr);
  }
});

test("a summary gives all and few, and the seeds", () => {
  const { mean, deviation } = one.ensemble.all!;
  expect(measuredText("caltech20-lt-ncl")).toContain(`${mean.toFixed(1)} ± ${deviation!.toFixed(1)} % all, `);
  expect(measuredText("places-lt-ncl")).toBe("not yet");
  expect(spreadText({ mean: 60, deviation: null, values: [60] })).toBe("60.0");
});

test("of a recipe that was measured with changes alone, the longest training is told of", () => {
  const [row] = one.rows as [ResultRow];
  const changed = (name: string, done: number, all: number): ResultRow => ({
    ...row,
    ...{ recipe: "places-lt-ncl", name, epochs: { done, of: done } },
    ensemble: { ...row.ensemble!, all, few: 30 },
  });
  const rows = [changed("short", 20, 40), changed("long", 200, 50), changed("long", 200, 52)];
  expect(measuredText("places-lt-ncl", { rows: [...rows, { ...rows[0]!, state: "unfinished" }] })).toBe(
    `not yet as it is; as long in docs/results.md, 200 epochs, 51.0 ± 1.4 % all, 30.0 ± 0.0 % few (seeds ${row.seed}, ${row.seed})`,
  );
});

test("the advice quotes the measured numbers", () => {
  const few = (name: string): string => spreadText(measurements()[name]!.ensemble.few)!;
  const counts = [400, 100, 5];
  const source =
    `few-shot classes ${few("caltech20-lt-ncl")} % with NCL, ${few("caltech20-lt-ce")} % with cross-entropy, ` +
    `${few("caltech20-lt-balanced-softmax-3")} % with three networks of balanced softmax`;
  const { advice } = adviseOn({ kind: "image-folder", counts, side: 32, smallestTest: 20 });
  expect(advice.flatMap(({ sources }) => sources).join("\n")).toContain(source);
});

test("seeds give mean and sample deviation; other settings and what is not finished do not count", () => {
  const [row] = one.rows as [ResultRow];
  const scores = (all: number, medium: number | null) => ({
    ...row.ensemble!,
    all,
    many: all + 10,
    medium,
    few: all - 10,
  });
  const rows: ResultRow[] = [
    { ...row, seed: 1, ensemble: scores(62, null), experts: [] },
    { ...row, seed: 0, ensemble: scores(60, null), experts: [] },
    { ...row, seed: 0, name: "with-other-keys", ensemble: scores(10, 10) },
    { ...row, seed: 2, state: "unfinished", ensemble: scores(10, 10) },
  ];
  const { seeds, ensemble, experts } = measurements({ rows })[row.recipe]!;
  expect(seeds).toEqual([0, 1]);
  expect(ensemble.all).toMatchObject({ mean: 61, deviation: Math.SQRT2 });
  expect(ensemble.medium).toBeNull();
  expect(experts).toEqual([]);
});

test("every finished row has what proves it beside it; one that has a recipe's name changed nothing of it", async () => {
  for (const { name, seed, state, recipe, ensemble, commit } of measured().rows) {
    if (state !== "finished") continue;
    const read = (file: string): unknown =>
      JSON.parse(
        readFileSync(join(import.meta.dirname, `../../recipes/record/${name}-seed-${seed}`, file), "utf8"),
      );
    expect(read("row.json"), name).toMatchObject({ name, seed, commit, ensemble });
    expect(read("recipe.json"), name).toMatchObject({ recipe: { name: recipe }, seed });
    const { recipe: trained } = read("recipe.json") as RunDescription;
    if (name === recipe)
      expect(differences({ ...(await loadRecipe(recipe)), seed }, storedRecipe(trained, name))).toEqual([]);
    expect((read("result.json") as RunResult).ensemble.all, name).toBeCloseTo(ensemble!.all, 2);
  }
});

test("what is published of the runs tells no folder of a machine", () => {
  const folder = join(import.meta.dirname, "../../recipes");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const texts = files.filter((file) => /[.](json|csv|html|yaml)$/.test(file));
  expect(texts.length).toBeGreaterThan(4 * measured().rows.length);
  const found = texts.flatMap((file) =>
    (
      /[">\s=]\/(?:home|root|tmp|work|Users|mnt)\/[^"<\s]*/.exec(readFileSync(join(folder, file), "utf8")) ??
      []
    ).map((path) => `${file}: ${path}`),
  );
  expect(found).toEqual([]);
});

test("a row without its commit, or with an unknown key, is refused", () => {
  const [row] = one.rows;
  const parse = (changes: object) => () => parseMeasured({ rows: [{ ...row, ...changes }], tuning: {} });
  expect(parse({})).not.toThrow();
  expect(parse({ commit: null })).toThrow("a finished run says the commit that trained it");
  expect(parse({ acuracy: 1 })).toThrow("acuracy");
  expect(parse({ seed: -1 })).toThrow("seed");
});

test("runs that differ in more than the seed, and a seed given twice, are refused", () => {
  const [first, second] = one.rows as [ResultRow, ResultRow];
  const parse = (changes: object) => () =>
    parseMeasured({ rows: [first, { ...second, ...changes }], tuning: {} });
  expect(parse({})).not.toThrow();
  expect(parse({ name: "with-other-threads", threads: 9 })).not.toThrow();
  expect(parse({ seed: first.seed })).toThrow(
    "expected a run a seed, found caltech20-lt-ncl with seed 0 a second time",
  );
  for (const changes of [{ threads: 9 }, { kernels: "libtorch" }, { epochs: { done: 9, of: 9 } }])
    expect(parse(changes)).toThrow("expected runs of caltech20-lt-ncl that differ only in the seed");
});

test("a table's rows have values for each of its columns", () => {
  const table = {
    ...{ note: "Accuracy.", date: "2026-12-03", commit: "0123456", machine: "2 cores" },
    columns: [
      { name: "all", digits: 1 },
      { name: "few", digits: 1 },
    ],
  };
  const parse = (values: number[][]) => () =>
    parseMeasured({ rows: [], tuning: {}, tables: { one: { ...table, rows: [{ name: "NCL", values }] } } });
  expect(parse([[60, 61], [40]])).not.toThrow();
  expect(parse([[60]])).toThrow("expected values for 2 columns, found 1 (NCL)");
});
