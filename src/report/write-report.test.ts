import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder, toyRecipe, writeToyData } from "../training/toy.fixture.js";
import { trainToy } from "../training/train-toy.fixture.js";
import { writeReport } from "./write-report.js";

const folder = temporaryFolder();
const run = join(folder.path, "run");
beforeAll(async () => {
  writeToyData(folder.path);
  await trainToy(toyRecipe(folder.path), run);
});
afterAll(() => {
  folder[Symbol.dispose]();
});

async function reportText(): Promise<string> {
  return readFileSync(await writeReport(run), "utf8");
}

test("a run's report stands in its folder and needs no other file", async () => {
  expect(await writeReport(run)).toBe(join(run, "report/index.html"));
  const page = await reportText();
  expect(page).not.toMatch(/<link|<img src="(?!data:)|@import|https?:\/\/(?!www\.w3\.org)/);
  for (const title of ["Result", "Every class", "Mistakes", "Training", "Data card", "Recipe and versions"])
    expect(page).toContain(`${title}</h2>`);
});

test("a run that has not ended shows its last evaluation and says what is missing", async () => {
  rmSync(join(run, "result.json"));
  rmSync(join(run, "analysis.json"), { force: true });
  const page = await reportText();
  expect(page).toContain("This run has not ended: its last evaluation is shown");
  expect(page).toContain("after epoch 2, on the test images");
  rmSync(join(run, "metrics.jsonl"));
  expect(await reportText()).toContain("there is no evaluation yet");
});

test("a folder that holds no run is named", async () => {
  await expect(writeReport(folder.path)).rejects.toThrow(
    `${join(folder.path, "recipe.json")}: expected a run's folder`,
  );
});
