/** Test-time ensembling: logits are means over an image's corners and its middle. */
import { expect, test } from "vitest";
import { evaluateTrained } from "../inference/evaluate.js";
import { loadTrained } from "./trained.js";
import { Loader } from "../data/loader/loader.js";
import { openDataset } from "../data/registry.js";
import type { ResolvedRecipe, TransformSpec } from "../recipes/schema.js";
import { tensor } from "../torch/create.js";
import { stack } from "../torch/operators.generated.js";
import { dispose, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { evaluationBatches, openPlainTraining } from "./loaders.js";
import { runMeters } from "./evaluate.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = toyFolder("file");
const resize = { kind: "resize", size: 20, interpolation: "bilinear" } as const;
const WINDOWS: readonly TransformSpec[] = [
  { kind: "center-crop", size: 16 },
  ...(["top-left", "top-right", "bottom-left", "bottom-right"] as const).map(
    (corner) => ({ kind: "corner-crop", size: 16, corner }) as const,
  ),
];

function recipeWith(changes: Partial<ResolvedRecipe["evaluation"]> = {}): ResolvedRecipe {
  const recipe = toyRecipe(at("data"), { epochs: 1, logs: { ...toyRecipe("").logs, tensorboard: false } });
  return { ...recipe, evaluation: { ...recipe.evaluation, batch: 5, ...changes } };
}

test("logits are the means of five evaluations, in batches of any size", async () => {
  const recipe = recipeWith({ fiveCrops: { size: 20, interpolation: "bilinear" } });
  const { result } = await trainToy(recipe, at("run"));
  using trained = loadTrained(at("run"));
  const dataset = await openDataset(recipe.data, "test");
  const logitsOf = async (changed: ResolvedRecipe): Promise<Tensor> => {
    const found: number[] = [];
    using loader = new Loader(evaluationBatches(changed, dataset, "cpu"));
    const meters = [
      { add: ({ logits }: { logits: readonly Tensor[] }) => void found.push(...logits[0]!.toList()) },
    ];
    await runMeters({ method: trained.method, loader, meters });
    return tensor(found, { shape: [dataset.size, 3] });
  };
  const five = await logitsOf(recipe);
  const plain = recipeWith();
  const each: Tensor[] = [];
  for (const window of WINDOWS)
    each.push(await logitsOf({ ...plain, data: { ...plain.data, test: [resize, window] } }));
  {
    using _ = scope();
    const mean = stack(each).mean({ dim: [0] });
    expect(five.sub(mean).abs().max().item()).toBeLessThan(1e-5);
    expect(each[0]!.sub(each[1]!).abs().max().item()).toBeGreaterThan(1e-4);
    dispose(five, ...each);
  }
  const again = await evaluateTrained(trained);
  expect(again.ensemble).toEqual(result.evaluation!.ensemble);
});

test("evaluate takes them for a run without them", async () => {
  await trainToy(recipeWith({ fiveCrops: { size: 20, interpolation: "bilinear" } }), at("with"));
  await trainToy(recipeWith(), at("without"));
  using five = loadTrained(at("with"));
  using plain = loadTrained(at("without"));
  const expected = await evaluateTrained(five);
  expect((await evaluateTrained(plain, { fiveCrops: 20 })).loss).toBeCloseTo(expected.loss, 5);
  expect((await evaluateTrained(plain)).loss).not.toBeCloseTo(expected.loss, 5);
  await expect(evaluateTrained(plain, { fiveCrops: 12 })).rejects.toThrow(
    /fiveCrops: expected a whole number of at least 16, the side of the crops, found 12/,
  );
});

test("class means are of whole images", async () => {
  const recipe = recipeWith({ fiveCrops: { size: 20, interpolation: "bilinear" } });
  const trainSubset = await openDataset(recipe.data, "train");
  using source = await openPlainTraining(
    recipe,
    { data: { trainSubset, test: trainSubset, heldOut: null }, device: "cpu" },
    {},
  );
  using _ = scope();
  const batches = source.epoch(0);
  expect(batches.next().value!.images.shape[0]).toBe(5);
  batches.return();
});
