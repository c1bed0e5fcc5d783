/** analysis.json of whole runs, against the run's own result. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Analysis } from "../evaluation/analysis.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { memory } from "../torch/scope.js";
import type { RunResult } from "../runs/run-folder.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = toyFolder("test");

async function trained(changes: Partial<ResolvedRecipe>): Promise<{ result: RunResult; analysis: Analysis }> {
  const { result } = await trainToy(toyRecipe(at("data"), changes), at("run"));
  const read = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));
  return {
    result: read(result.folder.result) as RunResult,
    analysis: read(result.folder.analysis) as Analysis,
  };
}

function expectSameAnswers({ result, analysis }: { result: RunResult; analysis: Analysis }): void {
  const { ensemble, experts } = analysis.calibration;
  expect(analysis.images).toBe(result.images);
  expect(ensemble.all.nll).toBeCloseTo(result.loss, 9);
  expect(ensemble.all.accuracy).toBeCloseTo(result.ensemble.all, 9);
  experts.forEach((expert, k) => {
    expect(expert.all.accuracy).toBeCloseTo(result.experts[k]!.all, 9);
  });
  const mistakes = result.confusion.filter(([label, answer]) => label !== answer);
  const triples = analysis.confusedPairs.map(({ label, answer, images }) => [label, answer, images]);
  expect(triples.toSorted()).toEqual(mistakes.toSorted());
}

test("the last epoch's: of the same answers as the result", async () => {
  const before = memory().live;
  const run = await trained({});
  expectSameAnswers(run);
  expect(run.analysis).toMatchObject({
    ...{ version: 1, split: "test", classes: ["ant", "bee", "cat"], counts: [24, 12, 6] },
    ...{ groupRule: "field", groupOfClass: ["medium", "few", "few"], temperature: null },
    agreement: { all: { images: 12, pairs: [{ experts: [0, 1] }] }, few: { images: 8 }, many: null },
    hardest: { group: "few" },
  });
  expect(run.analysis.hardest.images).toHaveLength(8);
  expect(memory().live).toBe(before);
});

test("the selected epoch's, with temperatures fitted on the held-out images", async () => {
  const run = await trained({
    epochs: 3,
    selection: { kind: "held-out", fraction: 0.25, seed: 0, patience: null },
  });
  expectSameAnswers(run);
  const { temperature, calibration } = run.analysis;
  expect(temperature).toMatchObject({
    fittedOn: "held-out",
    images: 11, // of 24, 12 and 6: 6, 3 and 2
    fits: [
      { temperature: { kind: "global" } },
      { temperature: { kind: "group" } },
      { temperature: { kind: "expert", temperatures: [expect.any(Number), expect.any(Number)] } },
    ],
  });
  for (const fit of temperature!.fits.slice(0, 2))
    expect(fit.calibration.all.accuracy).toBeCloseTo(calibration.ensemble.all.accuracy, 9);
});

test("of a single model: no agreement, no temperature of experts", async () => {
  const run = await trained({
    method: { kind: "cross-entropy", experts: 1, sharedStages: 0, labelSmoothing: 0 },
    selection: { kind: "held-out", fraction: 0.25, seed: 0, patience: null },
  });
  expectSameAnswers(run);
  expect(run.analysis.agreement).toBeNull();
  expect(run.analysis.temperature?.fits.map(({ temperature }) => temperature.kind)).toEqual([
    "global",
    "group",
  ]);
});
