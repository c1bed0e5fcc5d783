import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadRecipe } from "../library/recipes.js";
import { runResults } from "../library/results.js";
import { measured } from "../recipes/measured.js";
import { RunClaim } from "../runs/run-claim.js";
import { toyFolder } from "../training/toy-folder.fixture.js";
import { toyRecipe } from "../training/toy.fixture.js";
import { resultsMarkdown } from "./markdown.js";
import { readTable } from "./table.js";
import type { TableProgress } from "./run-table.js";

const at = toyFolder("test");
const source = "Doe et al., 2020, Table 1";

beforeEach(() => {
  const recipe = toyRecipe(at("data"), { epochs: 2 });
  writeFileSync(at("toy.json"), JSON.stringify(recipe));
  writeTable([
    { recipe: "./toy.json", seeds: [0, 1], reported: { ensemble: 50, expert: 40, source } },
    { recipe: "./toy.json", name: "longer", set: { epochs: 3 } },
  ]);
});
afterEach(() => {
  rmSync(at("out"), { recursive: true, force: true });
});

function writeTable(runs: readonly unknown[]): void {
  writeFileSync(at("table.json"), JSON.stringify({ runs }));
}

/** Works through the table; what is emitted of the runs, and the table. */
async function work(more: Partial<Parameters<typeof runResults>[1]> = {}) {
  const emitted: string[] = [];
  const onRun = ({ name, seed, what }: TableProgress): void => void emitted.push(`${name} ${seed} ${what}`);
  const table = await runResults(at("table.json"), { out: at("out"), threads: 1, onRun, ...more });
  return { emitted, table };
}

test("trains every run, writes a row for each and what proves it, without weights", async () => {
  const { emitted, table } = await work();
  expect(emitted).toEqual(
    ["toy 0", "toy 1", "longer 0"].flatMap((run) => [`${run} starts`, `${run} finished`]),
  );
  expect(table.left).toBe(0);
  const [first, , longer] = table.rows;
  const result = JSON.parse(readFileSync(at("out/toy/seed-0/result.json"), "utf8")) as {
    ensemble: { all: number };
  };
  expect(first).toMatchObject({ name: "toy", seed: 0, state: "finished", interruptions: 0, threads: 1 });
  expect(first!.ensemble!.all).toBeCloseTo(result.ensemble.all, 1);
  expect(first!.reported).toEqual({ ensemble: 50, expert: 40, source });
  expect(longer).toMatchObject({ name: "longer", epochs: { done: 3, of: 3 }, reported: null });
  for (const file of ["row.json", "recipe.json", "result.json", "epochs.csv", "report/index.html"])
    expect(existsSync(join(at("out/record/toy-seed-1"), file)), file).toBe(true);
  expect(existsSync(at("out/record/toy-seed-1/checkpoints"))).toBe(false);
  expect(JSON.parse(readFileSync(at("out/results.json"), "utf8"))).toEqual(table);
  const text = readFileSync(at("out/results.md"), "utf8");
  const signed = first!.ensemble!.all >= 50 ? "+" : "−";
  expect(text).toContain(`${signed}${Math.abs(first!.ensemble!.all - 50).toFixed(1)}`);
  expect(text).toContain(`toy: reported by ${source}`);
});

test("an interrupted table goes on where it stopped, to the same numbers, and counts the interruption", async () => {
  const controller = new AbortController();
  const stop = new Error("stop");
  let epochs = 0;
  await expect(
    work({
      signal: controller.signal,
      listeners: [({ type }) => type === "epoch" && ++epochs === 3 && controller.abort(stop)],
    }),
  ).rejects.toBe(stop);
  const partial = JSON.parse(readFileSync(at("out/results.json"), "utf8")) as { rows: { state: string }[] };
  expect(partial.rows.map(({ state }) => state)).toEqual(["finished", "unfinished"]);

  const { emitted, table } = await work();
  expect(emitted[0]).toBe("toy 0 done before");
  expect(table.rows.map(({ state, interruptions }) => [state, interruptions])).toEqual([
    ["finished", 0],
    ["finished", 1],
    ["finished", 0],
  ]);
  rmSync(at("out"), { recursive: true });
  const whole = await work();
  expect(table.rows.map(({ ensemble }) => ensemble)).toEqual(
    whole.table.rows.map(({ ensemble }) => ensemble),
  );
});

test("a run that another process trains is left to it; one that fails is noted, and the next one begins", async () => {
  writeTable([
    { recipe: "./toy.json" },
    { recipe: "./toy.json", name: "diverges", set: { "optimizer.lr": 1e30 } },
    { recipe: "./toy.json", name: "last" },
  ]);
  using _claim = new RunClaim(at("out/toy/seed-0"));
  const { emitted, table } = await work();
  expect(emitted).toEqual([
    "toy 0 starts",
    "toy 0 elsewhere",
    "diverges 0 starts",
    "diverges 0 failed",
    "last 0 starts",
    "last 0 finished",
  ]);
  expect(table.left).toBe(1);
  expect(table.rows.map(({ name, state }) => [name, state])).toEqual([
    ["diverges", "failed"],
    ["last", "finished"],
  ]);
  expect(readFileSync(at("out/results.md"), "utf8")).toContain("diverges, seed 0, failed: ");
});

test("a folder with a run of other settings is refused before anything begins", async () => {
  writeTable([{ recipe: "./toy.json" }]);
  await work();
  writeTable([
    { recipe: "./toy.json", name: "new" },
    { recipe: "./toy.json", set: { epochs: 5 } },
  ]);
  await expect(work()).rejects.toThrow(
    /toy\/seed-0: expected a run of toy, seed 0, as the table has it; found one in which epochs differs\. Give/,
  );
  expect(existsSync(at("out/new"))).toBe(false);
  writeTable([{ recipe: "./toy.json", set: { "logs.everySteps": 7 } }]); // what a resumed run may change, too
  expect((await work()).emitted).toEqual(["toy 0 done before"]);
});

test.each([
  [{ runs: [] }, "runs: "],
  [{ runs: [{ recipe: "a", seeds: [-1] }] }, "runs.0.seeds.0: "],
  [
    { runs: [{ recipe: "a", sed: 1 }] },
    "runs.0: unknown key sed; expected recipe, name, data, seeds, set, reported",
  ],
  [
    { runs: [{ recipe: "a" }, { recipe: "a" }] },
    "runs.1.name: expected a name of its own, found a a second time",
  ],
  [{ runs: [{ recipe: "a", reported: { ensemble: 101, source } }] }, "runs.0.reported.ensemble: "],
])("a fault names the file and the key: %j", async (table, message) => {
  writeFileSync(at("table.json"), JSON.stringify(table));
  await expect(readTable(at("table.json"))).rejects.toThrow(`${at("table.json")}: ${message}`);
});

const tables = join(import.meta.dirname, "../../recipes/tables");
test.each(readdirSync(tables))(
  "the project's table %s names recipes and keys that are there",
  async (name) => {
    const runs = await readTable(join(tables, name));
    expect(runs.length).toBeGreaterThanOrEqual(7);
    for (const { recipe, seed, set } of runs) expect((await loadRecipe(recipe, { set })).seed).toBe(seed);
  },
);

test("another table in the same folder leaves the rows of finished runs there", async () => {
  await work();
  writeTable([{ recipe: "./toy.json", name: "other", seeds: [0] }]);
  const { emitted, table } = await work();
  expect(emitted).toEqual(["other 0 starts", "other 0 finished"]);
  expect(table.left).toBe(0);
  expect(table.rows.map(({ name, seed }) => `${name} ${seed}`)).toEqual([
    "other 0",
    "longer 0",
    "toy 0",
    "toy 1",
  ]);
  expect(readFileSync(at("out/results.md"), "utf8")).toContain("| longer | 0 |");
});

test("a run that ended early says how many epochs it had", () => {
  const [row] = measured().rows;
  const text = resultsMarkdown([{ ...row!, epochs: { done: 8, of: 40 } }]);
  expect(text).toContain(`| ${row!.name} | ${row!.seed} | ${row!.recipe} | 8 of 40 |`);
});
