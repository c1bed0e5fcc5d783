import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadRecipe } from "../../index.js";
import { longtail, quick } from "../cli.fixture.js";
import { quickstartRows } from "./command.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-quickstart-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("quickstart trains each row on the embedded photographs and compares them", async () => {
  const out = join(folder, "runs");
  const short = [...quick, "--set", "epochs=1", "--set", "data.batch=64"];
  const { code, stdout, stderr } = await longtail("quickstart", "--out", out, "--json", ...short);
  expect(code).toBe(0);
  const [, ...table] = /(accuracy, % .*)\n(.*)\n(.*)\n(.*)\n(.*)\n(.*)\n\nmany/.exec(stderr)!;
  expect(table.map((line) => line.slice(0, 25).trim())).toEqual([
    "accuracy, %",
    ...quickstartRows.map(({ name }) => name),
  ]);
  expect(stderr).toContain(`npx longtail evaluate ${join(out, "ncl")}`);
  expect(JSON.parse(stdout)).toMatchObject({
    crossEntropy: { images: 400, experts: [{}] },
    balancedSoftmax: { images: 400, experts: [{}] },
    balancedSoftmax3: { images: 400, experts: [{}, {}, {}] },
    ncl: { images: 400, experts: [{}, {}, {}] },
    pretrained: { images: 400, experts: [{}] },
    runs: { ncl: join(out, "ncl") },
  });
  for (const { folder: run } of quickstartRows) expect(existsSync(join(out, run, "result.json"))).toBe(true);
});

test("the rows from random weights differ in the method and the learning rate alone", async () => {
  const all = await Promise.all(quickstartRows.map(({ recipe }) => loadRecipe(recipe)));
  const recipes = all.filter(({ pretrained }) => pretrained === null);
  expect(recipes).toHaveLength(4);
  const [first, ...others] = recipes.map(
    ({
      name: _1,
      description: _2,
      citation: _3,
      method: _4,
      optimizer: { lr: _5, ...optimizer },
      ...rest
    }) => ({
      ...rest,
      optimizer,
    }),
  );
  for (const other of others) expect(other).toEqual(first);
});
