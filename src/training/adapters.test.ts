/** Trainings with adapters: what changes and what does not, resuming, loading, and what an export makes of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { exportWeights } from "../inference/export.js";
import { loadTrained } from "./trained.js";
import { buildBackbone } from "../models/registry.js";
import { isAdapterParameter } from "../nn/adapters.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { Rng } from "../torch/random.js";
import { readSafetensors, writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = toyFolder("test");
const last = (run: string): string => join(at(run), "checkpoints/last.safetensors");

const ADAPTERS = {
  lora: { kind: "lora", rank: 2, alpha: 4, targets: ["q", "v", "fc1"] },
  adaptformer: { kind: "adaptformer", dim: 4, scale: 1, learnScale: true, init: "normal" },
} satisfies Record<string, NonNullable<ResolvedRecipe["adapter"]>>;
type Kind = keyof typeof ADAPTERS;
const kinds = Object.keys(ADAPTERS) as Kind[];

function recipeWith(
  adapter: ResolvedRecipe["adapter"],
  changes: Partial<ResolvedRecipe> = {},
): ResolvedRecipe {
  const { data } = toyRecipe(at("data"));
  const resize = { kind: "resize-exact", height: 32, width: 32, interpolation: "bilinear" } as const;
  return toyRecipe(at("data"), {
    backbone: "vit-ti16",
    data: { ...data, imageSize: 32, train: [...data.train, resize], test: [...data.test, resize] },
    method: { kind: "balanced-softmax", experts: 1, sharedStages: 0, tau: 1 },
    pretrained: { weights: null, file: at("vit.safetensors"), load: "backbone", key: null },
    logs: { ...toyRecipe("").logs, tensorboard: false, images: 0, histogramsEvery: null },
    adapter,
    ...changes,
  });
}

beforeEach(() => {
  using _ = scope();
  using network = buildBackbone("vit-ti16", { rng: new Rng(5) });
  writeSafetensors(at("vit.safetensors"), network.stateDict());
});

const modelOf = (path: string): Map<string, Tensor> =>
  new Map(
    [...readSafetensors(path).tensors].flatMap(([name, tensor]) =>
      name.startsWith("model.") ? [[name.slice("model.".length), tensor]] : [],
    ),
  );

test.each(kinds)("%s trains with the classifier alone, and resumes to the same bits", async (kind) => {
  const recipe = recipeWith(ADAPTERS[kind]);
  const { events } = await trainToy(recipe, at("whole"));
  const controller = new AbortController();
  let steps = 0;
  const stop = { signal: controller.signal, listeners: [() => ++steps === 12 && controller.abort()] };
  await trainToy(recipe, at("parts"), stop);
  await trainToy(recipe, at("parts"), { resume: true });
  expect(readFileSync(last("parts")).equals(readFileSync(last("whole")))).toBe(true);
  using _ = scope();
  const [start, end] = [readSafetensors(at("vit.safetensors")).tensors, modelOf(last("whole"))];
  let changed = 0;
  for (const [name, tensor] of end) {
    const before = start.get(name.replace("backbone.0.", ""));
    if (before !== undefined) expect(tensor.equal(before), name).toBe(true);
    else if (isAdapterParameter(name)) changed += tensor.abs().sum().item() > 0 ? 1 : 0;
  }
  expect(changed).toBe(12 * (kind === "lora" ? 6 : 7));
  const run = events.find((event) => event.type === "run")!;
  expect(run.trained).toBeLessThan(0.05 * run.parameters);
});

test.each(kinds)("%s starts as the pretrained network, whose weights are all found", async (kind) => {
  const changes = { epochs: 1, optimizer: { ...recipeWith(null).optimizer, lr: 1e-12 } };
  const [{ events }] = [
    await trainToy(recipeWith(ADAPTERS[kind], changes), at("adapted")),
    await trainToy(recipeWith(null, { ...changes, trainable: "bias" }), at("plain")),
  ];
  expect(events.flatMap((event) => (event.type === "warning" ? [event.message] : []))).toEqual([]);
  using _ = scope();
  using adapted = loadTrained(at("adapted"));
  using plain = loadTrained(at("plain"));
  const images = new Rng(1).normal([3, 3, 32, 32]);
  const features = [adapted, plain].map(({ method }) =>
    (method.model as unknown as { featuresOf(expert: number, x: Tensor): Tensor }).featuresOf(0, images),
  );
  expect(features[0]!.sub(features[1]!).abs().max().item()).toBeLessThan(1e-5);
});

test("an export has LoRA's updates in the weights, which predict the same without adapters", async () => {
  await trainToy(recipeWith(ADAPTERS.lora), at("run"));
  exportWeights(at("run"), { format: "safetensors", out: at("merged.safetensors") });
  using _ = scope();
  const { tensors } = readSafetensors(at("merged.safetensors"));
  expect([...tensors.keys()].filter(isAdapterParameter)).toEqual([]);
  using kept = loadTrained(at("run"));
  using merged = loadTrained(at("run"), { mergesLora: true });
  expect(merged.description.recipe.adapter).toEqual(ADAPTERS.lora);
  expect(new Set(merged.method.model.stateDict().keys())).toEqual(new Set(tensors.keys()));
  const images = new Rng(1).normal([5, 3, 32, 32]);
  const [a, b] = [kept, merged].map(({ method }) => method.predict(images)[0]!);
  expect(a!.sub(b!).abs().max().item()).toBeLessThan(1e-4);
});

test("bfloat16 and a warm-up train adapters, too", async () => {
  const recipe = recipeWith(ADAPTERS.adaptformer, {
    epochs: 1,
    precision: "bfloat16",
    schedule: { kind: "cosine", end: 0, every: "epoch", warmupEpochs: 0, warmupSteps: 3 },
  });
  const { result } = await trainToy(recipe, at("run"));
  expect(result.evaluation!.ensemble.all).toBeGreaterThan(0);
  using _ = scope();
  for (const [name, tensor] of modelOf(last("run"))) expect(tensor.dtype, name).toBe("float32");
});

test.each([
  [
    { adapter: ADAPTERS.adaptformer, backbone: "resnet8" },
    /adapter.kind: expected no adapter for backbone resnet8/,
  ],
  [
    { adapter: ADAPTERS.adaptformer, backbone: "convnext-tiny" },
    /adapter.kind: expected lora for backbone convnext-tiny/,
  ],
  [{ adapter: ADAPTERS.lora, backbone: "convnext-tiny" }, /adapter.targets: expected some of fc1, fc2/],
  [
    { adapter: ADAPTERS.lora, backbone: "resnet50" },
    /adapter.targets: expected no adapter for backbone resnet50/,
  ],
  [{ adapter: ADAPTERS.lora, trainable: "norm" }, /trainable: expected all beside an adapter/],
  [{ adapter: ADAPTERS.lora, freezeBackbone: true }, /freezeBackbone: expected false beside an adapter/],
] as [Partial<ResolvedRecipe>, RegExp][])("refuses %j", async (changes, message) => {
  await expect(trainToy(recipeWith(null, changes), at("run"))).rejects.toThrow(message);
});
