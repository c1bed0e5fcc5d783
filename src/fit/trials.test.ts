/** Classifiers tried on several splits of the training images. */
import { expect, test } from "vitest";
import { stratifiedSplit } from "../data/split.js";
import { classStatistics } from "../data/statistics.js";
import { resolveRecipe } from "../recipes/resolve.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Json } from "../support/json.js";
import { memory } from "../torch/scope.js";
import { frozenFolder } from "../training/frozen.fixture.js";
import { toyRecipe } from "../training/toy.fixture.js";
import { type FeatureSet, openFeatureSets, selectFeatures } from "../training/train-on-features.js";
import { FAMILIES, type Head } from "./heads.js";
import { tryHeads, type TrialSplit } from "./trials.js";

const at = frozenFolder();

function recipeOf({ keys: { sampler: _, ...keys } }: Head): ResolvedRecipe {
  const base = toyRecipe(at("data"));
  const recipe = {
    ...base,
    data: { ...base.data, train: [] },
    pretrained: { weights: null, file: at("weights/resnet8.safetensors"), load: "backbone", key: null },
    freezeBackbone: true,
    freezeBatchNorm: true,
    ...keys,
  };
  return resolveRecipe(JSON.parse(JSON.stringify(recipe)) as Json, "a test");
}

function splitOf(train: FeatureSet, seed: number): TrialSplit {
  const { kept, taken } = stratifiedSplit(train.dataset, { portion: { fraction: 0.4 }, seed });
  return { train: selectFeatures(train, kept), heldOut: selectFeatures(train, taken) };
}

test("a head's trial is the mean over the splits, and the best mean is chosen", async () => {
  const families = [FAMILIES[0], FAMILIES[2]!];
  const heads = families.flatMap((family) => family.heads);
  const { train } = await openFeatureSets(recipeOf(heads[0]!), {});
  const shared = { families, recipeOf, counts: classStatistics(train.dataset).counts };
  const [a, b] = [splitOf(train, 0), splitOf(train, 1)];
  expect([...b.heldOut.features]).not.toEqual([...a.heldOut.features]);
  const before = memory().live;
  let trained = 0;
  const both = await tryHeads({ ...shared, splits: [a, b], onFamily: () => (trained += 1) });
  expect(trained).toBe(4);
  const first = await tryHeads({ ...shared, splits: [a] });
  const second = await tryHeads({ ...shared, splits: [b] });
  expect(memory().live).toBe(before);

  expect(both.trials.map(({ name }) => name)).toEqual(first.trials.map(({ name }) => name));
  both.trials.forEach((trial, i) => {
    for (const key of ["all", "balanced", "few"] as const)
      expect(trial[key]).toBeCloseTo((first.trials[i]![key]! + second.trials[i]![key]!) / 2, 10);
  });
  const chosen = both.trials.filter(({ selectable }) => selectable).map(({ balanced }) => balanced);
  const place = chosen.indexOf(Math.max(...chosen));
  expect(both.best).toBe(heads[place]);
  expect(both.onFirst).toEqual(first.trials[place]);
  expect(both.temperatures.temperatures).toHaveLength(1);
});
