import { expect, test } from "vitest";
import type { Json } from "../support/json.js";
import { parseOverride } from "./overrides.js";
import { resolveRecipe } from "./resolve.js";
import type { ResolvedRecipe } from "./schema.js";

const base = {
  name: "two",
  data: { kind: "image-folder", imageSize: 16, batch: 8, train: [], mean: [0, 0, 0], std: [1, 1, 1] },
  backbone: "resnet8",
  method: { kind: "cross-entropy" },
  optimizer: { kind: "sgd", lr: 0.1 },
  schedule: { kind: "multistep", milestones: [2] },
};
const first = { name: "representation", epochs: 3 };
const second = {
  name: "classifier",
  epochs: 2,
  resetClassifier: true,
  freezeBackbone: true,
  data: { sampler: { kind: "class-balanced" } },
  optimizer: { lr: 0.2 },
  schedule: { kind: "cosine" },
};

const resolve = (phases: Json, changes = {}, set: readonly string[] = []): ResolvedRecipe =>
  resolveRecipe({ ...base, ...changes, phases }, "two.yaml", set.map(parseOverride));

test("a phase is the recipe with its own keys, all defaults filled in; epochs are the phases' sum", () => {
  const recipe = resolve([first, second]);
  expect(recipe.epochs).toBe(5);
  expect(recipe.phases).toEqual([
    { name: "representation", epochs: 3, resetClassifier: false },
    {
      name: "classifier",
      epochs: 2,
      resetClassifier: true,
      freezeBackbone: true,
      data: { sampler: { kind: "class-balanced" } },
      optimizer: { ...recipe.optimizer, lr: 0.2 },
      schedule: { kind: "cosine", end: 0, every: "epoch", warmupEpochs: 0, warmupSteps: 0 },
    },
  ]);
});

test("resolving a resolved recipe changes nothing", () => {
  const recipe = resolve([first, second]);
  expect(resolveRecipe(recipe as unknown as Json, "recipe.json")).toEqual(recipe);
});

test("--set reaches into phases", () => {
  const recipe = resolve([first, second], {}, [
    "phases.1.optimizer.lr=0.3",
    "phases.1.data.sampler.kind=square-root",
    "phases.0.epochs=1",
  ]);
  expect(recipe.epochs).toBe(3);
  expect(recipe.phases![1]).toMatchObject({
    optimizer: { lr: 0.3 },
    data: { sampler: { kind: "square-root" } },
  });
  const given = resolve([first], {}, [`phases=[{"name":"only","epochs":7}]`]);
  expect(given.phases).toEqual([{ name: "only", epochs: 7, resetClassifier: false }]);
});

test("the epochs of a phase change those of a recipe that was stored with its sum; another sum names the last phase's key", () => {
  const stored = resolve([first, second]) as unknown as Json;
  const again = (...set: string[]): ResolvedRecipe => resolveRecipe(stored, "run", set.map(parseOverride));
  expect(again("phases.1.epochs=9").epochs).toBe(
    again().epochs - resolve([first, second]).phases![1]!.epochs + 9,
  );
  expect(() => again(`epochs=${again().epochs + 3}`)).toThrow(
    `leave it out, or change phases.N.epochs: --set phases.1.epochs=${again().phases![1]!.epochs + 3} makes ${again().epochs + 3}.`,
  );
  expect(() => again("epochs=1")).toThrow(/change phases.N.epochs[.]$/);
});

test("a recipe without phases has no such key", () => {
  expect(Object.keys(resolveRecipe({ ...base, epochs: 2 }, "one.yaml"))).not.toContain("phases");
});

test("what is wrong is named: the phase, the key and where it is from", () => {
  const wrong = (phase: object, changes = {}, set: readonly string[] = []) =>
    expect(() => resolve([first, { ...second, ...phase }] as Json, changes, set));
  wrong({ data: { kind: "cifar10" } }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: phases.1.data.kind: the same in all phases; a phase may override classifier, dropout, ema, freezeBackbone, freezeBatchNorm, method, optimizer, precision, schedule, trainable, data.batch, data.mix, data.sampler, data.secondView, data.train (two.yaml)]`,
  );
  wrong({ backbone: "resnet14" }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: phases.1.backbone: the same in all phases; a phase may override classifier, dropout, ema, freezeBackbone, freezeBatchNorm, method, optimizer, precision, schedule, trainable, data.batch, data.mix, data.sampler, data.secondView, data.train (two.yaml)]`,
  );
  wrong({ optimiser: {} }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: unknown key phases.1.optimiser; did you mean phases.1.optimizer? (two.yaml)]`,
  );
  wrong({ data: { samplers: {} } }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: unknown key phases.1.data.samplers; did you mean phases.1.data.sampler? (two.yaml)]`,
  );
  wrong({ data: 3 }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: phases.1.data: expected an object, found 3 (two.yaml)]`,
  );
  wrong({ epochs: 0 }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: phases.1.epochs: expected a whole number > 0, found 0 (two.yaml)]`,
  );
  wrong({ optimizer: { lr: -1 } }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: optimizer.lr: expected a number > 0, found -1 (phases.1 "classifier" of two.yaml)]`,
  );
  wrong({}, {}, ["phases.1.optimizer.lr=-1"]).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: optimizer.lr: expected a number > 0, found -1 (--set phases.1.optimizer.lr=-1)]`,
  );
  wrong({ method: { experts: 2 } }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: phases.1.method.experts: expected 1, as many as the recipe has, found 2 (two.yaml)]`,
  );
  wrong({ classifier: { kind: "cosine" }, resetClassifier: false }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: phases.1.classifier: expected resetClassifier: true beside another classifier, whose weights start anew (two.yaml)]`,
  );
  wrong({ name: "representation" }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: phases: expected phases with different names, found [{"name":"representation","epochs":3},{"name":"representa... (two.yaml)]`,
  );
  wrong({}, { epochs: 9 }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: epochs: expected 5, the sum of the phases' epochs, found 9 (two.yaml); leave it out, or change phases.N.epochs: --set phases.1.epochs=6 makes 9.]`,
  );
  expect(() => resolve([])).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: phases: expected a list, found [] (two.yaml)]`,
  );
});
