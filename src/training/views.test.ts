/** Runs whose method sees several views of an image. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { memory, scope } from "../torch/scope.js";
import { readCheckpoint } from "./checkpoint.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";
import { loadTrained } from "./trained.js";
import { nestedOptions } from "../methods/ensemble/problems.fixture.js";

const at = toyFolder("file");

type MethodChoice = ResolvedRecipe["method"];
const nested = {
  experts: 2,
  sharedStages: 0,
  hardCategories: 2,
  ...nestedOptions,
} as const;
const branch = {
  weight: 1,
  queue: 9, // no multiple of the batch, 8
  dimension: 4,
  temperature: 0.2,
  momentum: 0.9,
  projectionBias: true,
  keyProjection: "frozen",
} as const;
const contrastive: MethodChoice = { kind: "ncl", ...nested, hardDistillation: 0.6, contrastive: branch };
const methods: [string, MethodChoice][] = [
  ["ncl-plus-plus", { kind: "ncl-plus-plus", ...nested, augmentations: 3 }],
  ["ncl with the contrastive branch", contrastive],
];

test.each(methods)("%s: a run counts images once, learns, and is the same again", async (name, method) => {
  const recipe = toyRecipe(at("data"), { method });
  const { result, events } = await trainToy(recipe, at(`${name}-1`));
  const steps = events.filter((event) => event.type === "step");
  expect(steps.every(({ accuracy }) => accuracy >= 0 && accuracy <= 100)).toBe(true);
  expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss);
  expect(result.evaluation!.images).toBe(12);

  await trainToy({ ...recipe, data: { ...recipe.data, workers: 3 } }, at(`${name}-2`));
  using _ = scope();
  const [first, second] = [1, 2].map(
    (n) => readCheckpoint(at(`${name}-${n}/checkpoints/last.safetensors`)).model,
  );
  for (const [tensor, value] of first!) expect(second!.get(tensor)!.equal(value), tensor).toBe(true);
});

test.each(methods)("%s: a run frees every tensor, in parts and mixed precision too", async (name, method) => {
  const plain = toyRecipe(at("data"), { method, epochs: 1, precision: "bfloat16" });
  const recipe = { ...plain, optimizer: { ...plain.optimizer, accumulate: 3 } };
  const before = memory();
  await trainToy(recipe, at(`${name}-3`));
  expect(memory()).toEqual(before);
});

test("queue, key encoders and projections are in the checkpoint, and it can be loaded", () => {
  const run = at("ncl with the contrastive branch-1");
  using trained = loadTrained(run);
  using _ = scope();
  const { model } = readCheckpoint(join(run, "checkpoints/last.safetensors"));
  expect([...model.keys()]).toEqual(
    expect.arrayContaining([
      "MOCO.1.queue",
      "MOCO.1.queue_ptr",
      "backbone_MA.1.conv1.weight",
      "classifier_MA.1.2.bias",
    ]),
  );
  expect(model.get("MOCO.0.queue_ptr")!.item()).toBe((2 * 42) % branch.queue);
  expect(trained.method.name).toBe("ncl");
});

test("the second view has transforms of its own", async () => {
  const plain = toyRecipe(at("data"), { method: contrastive, epochs: 1 });
  const lossWith = async (secondView: ResolvedRecipe["data"]["secondView"], out: string): Promise<number> => {
    const { events } = await trainToy({ ...plain, data: { ...plain.data, secondView } }, at(out));
    return events.find((event) => event.type === "step")!.terms["contrastive"]!;
  };
  const same = await lossWith(plain.data.train, "second-same");
  expect(await lossWith(null, "second-null")).toBe(same);
  expect(await lossWith([], "second-none")).not.toBe(same);
});

test("a queue smaller than the batch, or a second view that nothing sees, is refused before anything is written", async () => {
  const plain = toyRecipe(at("data"));
  const small: MethodChoice = {
    kind: "ncl",
    ...nested,
    hardDistillation: 0.6,
    contrastive: { ...branch, queue: 7 },
  };
  await expect(trainToy({ ...plain, method: small }, at("refused"))).rejects.toThrow(
    "method.contrastive.queue: expected at least 8, the images of a batch (data.batch), found 7",
  );
  await expect(
    trainToy({ ...plain, data: { ...plain.data, secondView: [] } }, at("refused")),
  ).rejects.toThrow("data.secondView: expected null with a method that takes no second view");
  expect(() => readFileSync(at("refused/recipe.json"))).toThrow("ENOENT");
});
