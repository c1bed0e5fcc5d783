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
import { FAMILIES, type Head, type HeadFamily } from "./heads.js";
import { trainingsOf, tryHeads, type TrialSplit } from "./trials.js";

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

test("the better half of the families goes on to the other splits, and the best mean of those is chosen", async () => {
  const families = [FAMILIES[0], ...[2, 4, 1].map((place) => FAMILIES[place]!)];
  const heads = families.flatMap((family) => family.heads);
  const { train } = await openFeatureSets(recipeOf(heads[0]!), {});
  const shared = { families, recipeOf, counts: classStatistics(train.dataset).counts };
  const [a, b] = [splitOf(train, 0), splitOf(train, 1)];
  expect([...b.heldOut.features]).not.toEqual([...a.heldOut.features]);
  const before = memory().live;
  let trained = 0;
  const both = await tryHeads({ ...shared, splits: [a, b], onFamily: () => (trained += 1) });
  expect(trained).toBe(trainingsOf(4, 2));
  expect(trained).toBe(6);
  const first = await tryHeads({ ...shared, splits: [a] });
  const second = await tryHeads({ ...shared, splits: [b] });
  expect(memory().live).toBe(before);

  const bestOf = (family: HeadFamily): number =>
    Math.max(...family.heads.map(({ name }) => first.trials.find((trial) => trial.name === name)!.balanced));
  const better = [...families].sort((x, y) => bestOf(y) - bestOf(x)).slice(0, 2);
  const namesOf = better.flatMap((family) => family.heads.map(({ name }) => name));
  expect(both.trials.map(({ name }) => name)).toEqual(first.trials.map(({ name }) => name));
  both.trials.forEach((trial, i) => {
    const [one, other] = [first.trials[i]!, second.trials[i]!];
    const goesOn = namesOf.includes(trial.name) || !trial.selectable;
    expect(trial.draws).toBe(goesOn ? 2 : 1);
    for (const key of ["all", "balanced", "few"] as const)
      expect(trial[key]).toBeCloseTo(goesOn ? (one[key]! + other[key]!) / 2 : one[key]!, 10);
  });
  const chosen = both.trials.filter(({ selectable, draws }) => selectable && draws === 2);
  expect(chosen).toHaveLength(namesOf.length);
  const best = chosen.reduce((x, y) => (y.balanced > x.balanced ? y : x));
  expect(both.best.name).toBe(best.name);
  expect(both.onFirst).toEqual(first.trials.find(({ name }) => name === best.name));
  expect(both.temperatures.temperatures).toHaveLength(1);
});
