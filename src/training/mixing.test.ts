/** Runs on mixed images. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { arange, tensor } from "../torch/create.js";
import { memory, scope } from "../torch/scope.js";
import { readCheckpoint } from "./checkpoint.js";
import { microBatches } from "./step.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = toyFolder("file");

const methods: ResolvedRecipe["method"][] = [
  { kind: "cross-entropy", experts: 1, sharedStages: 0, labelSmoothing: 0.1 },
  { kind: "balanced-softmax", experts: 2, sharedStages: 0, tau: 1 },
];

function mixedRecipe(kind: "mixup" | "cutmix", changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe {
  const recipe = toyRecipe(at("data"), changes);
  return { ...recipe, data: { ...recipe.data, mix: { kind, alpha: 1, p: 1 } } };
}

test.each(methods)("$kind learns from mixed images, the same for any number of threads", async (method) => {
  const recipe = mixedRecipe("cutmix", { method });
  const before = memory();
  const { events } = await trainToy(recipe, at(`${method.kind}-1`));
  expect(memory()).toEqual(before);
  const steps = events.filter((event) => event.type === "step");
  expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss);
  expect(steps.every(({ accuracy }) => accuracy >= 0 && accuracy <= 100)).toBe(true);
  await trainToy({ ...recipe, data: { ...recipe.data, workers: 3 } }, at(`${method.kind}-2`));
  using _ = scope();
  const [first, second] = [1, 2].map(
    (n) => readCheckpoint(at(`${method.kind}-${n}/checkpoints/last.safetensors`)).model,
  );
  for (const [name, value] of first!) expect(second!.get(name)!.equal(value), name).toBe(true);
});

test("images that are not mixed after all train as without mixing", async () => {
  const plain = toyRecipe(at("data"), { method: methods[0]!, epochs: 1 });
  const never = { ...plain, data: { ...plain.data, mix: { kind: "mixup", alpha: 1, p: 0 } as const } };
  const lossesOf = async (recipe: ResolvedRecipe, out: string): Promise<number[]> => {
    const { events } = await trainToy(recipe, at(out));
    return events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
  };
  const losses = await lossesOf(plain, "plain");
  expect(await lossesOf(never, "never")).toEqual(losses);
  expect(await lossesOf(mixedRecipe("mixup", { method: methods[0]!, epochs: 1 }), "mixup")).not.toEqual(
    losses,
  );
});

test("NCL refuses them before anything is written", async () => {
  await expect(trainToy(mixedRecipe("mixup"), at("refused"))).rejects.toThrow("data.mix: expected null");
  expect(() => readFileSync(at("refused/recipe.json"))).toThrow("ENOENT");
});

test("parts of a batch keep both labels of an image", () => {
  using _ = scope();
  const images = arange(5, { dtype: "float32" }).view([5, 1, 1, 1]);
  const mixed = { labels: tensor([4, 3, 2, 1, 0], { dtype: "int64" }), share: 0.3 };
  const parts = [...microBatches({ images, labels: arange(5), mixed }, 2)];
  expect(parts.map((part) => part.mixed!.labels.toList())).toEqual([
    [4, 3, 2],
    [1, 0],
  ]);
  expect(parts.map((part) => part.mixed!.share)).toEqual([0.3, 0.3]);
});
