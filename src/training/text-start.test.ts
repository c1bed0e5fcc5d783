/** Classifiers that start from class names, with a random CLIP in open_clip's layout, as on the Hugging Face hub. */
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { goldenJson } from "../../test/support/golden.js";
import { textDirections, textWeights } from "../models/clip-text.js";
import { clipTokenizer } from "../models/clip-tokenizer.js";
import { loadWeights } from "../models/load-weights.js";
import { buildBackbone } from "../models/registry.js";
import { SMALL_TRANSFORMER } from "../models/small-transformers.fixture.js";
import { loadRecipe } from "../recipes/load.js";
import { parseOverride } from "../recipes/overrides.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { Rng } from "../torch/random.js";
import { readSafetensors, writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const vocabulary = vi.hoisted(() => ({ path: "" }));
vi.mock("../weights/install.js", async (original) => ({
  ...(await original<object>()),
  installClipVocabulary: () => Promise.resolve(vocabulary.path),
}));

vi.mock(import("../models/architectures.js"), async (original) => {
  const { withSmallTransformers } = await import("../models/small-transformers.fixture.js");
  return withSmallTransformers(await original(), ["clip-b32"]);
});
const { width: WIDTH, depth: DEPTH } = SMALL_TRANSFORMER;

const { merges } = goldenJson("clip-tokens") as { merges: string[] };
const allMerges = [...merges, ...Array.from({ length: 48_894 - merges.length }, (_, i) => `x${i} y${i}`)];
const at = toyFolder("file");
const TEXT = {
  kind: "cosine",
  scale: 25,
  bias: false,
  start: "text",
  prompt: "a photo of a {}.",
  names: null,
} as const;

/** Names as open_clip and OpenAI have them. */
function openClipName(name: string): string {
  const names: Record<string, string> = {
    cls_token: "class_embedding",
    pos_embed: "positional_embedding",
    "patch_embed.proj.weight": "conv1.weight",
  };
  const own = names[name] ?? name.replace(/^norm_pre/, "ln_pre").replace(/^norm/, "ln_post");
  return `visual.${own}`
    .replace("visual.blocks.", "visual.transformer.resblocks.")
    .replace(/norm([12])[.]/, "ln_$1.")
    .replace("attn.qkv.", "attn.in_proj_")
    .replace("attn.proj.", "attn.out_proj.")
    .replace("mlp.fc1.", "mlp.c_fc.")
    .replace("mlp.fc2.", "mlp.c_proj.");
}

/** A small clip-b32's image tower in float16, and a text tower of one block of width 64. */
function writeClip(path: string): void {
  using _ = scope();
  const rng = new Rng(3);
  using network = buildBackbone("clip-b32", { rng });
  const half = (tensor: Tensor): Tensor => tensor.detach().to({ dtype: "float16" });
  const draw = (...shape: number[]): Tensor => half(rng.normal(shape, { std: 0.1 }));
  const visual = Array.from(network.stateDict(), ([name, tensor]): [string, Tensor] => {
    const flat = name === "cls_token" || name === "pos_embed" ? tensor.reshape([-1, WIDTH]) : tensor;
    return [openClipName(name), half(name === "cls_token" ? flat.reshape([WIDTH]) : flat)];
  });
  const block = "transformer.resblocks.0.";
  writeSafetensors(
    path,
    new Map([
      ...visual,
      ["visual.proj", draw(WIDTH, 16)],
      ["token_embedding.weight", draw(49_408, 64)],
      ["positional_embedding", draw(77, 64)],
      ...["ln_1", "ln_2"].flatMap((name): [string, Tensor][] => [
        [`${block}${name}.weight`, draw(64)],
        [`${block}${name}.bias`, draw(64)],
      ]),
      [`${block}attn.in_proj_weight`, draw(192, 64)],
      [`${block}attn.in_proj_bias`, draw(192)],
      [`${block}attn.out_proj.weight`, draw(64, 64)],
      [`${block}attn.out_proj.bias`, draw(64)],
      [`${block}mlp.c_fc.weight`, draw(256, 64)],
      [`${block}mlp.c_fc.bias`, draw(256)],
      [`${block}mlp.c_proj.weight`, draw(64, 256)],
      [`${block}mlp.c_proj.bias`, draw(64)],
      ["ln_final.weight", draw(64)],
      ["ln_final.bias", draw(64)],
      ["text_projection", draw(64, 16)],
      ["logit_scale", draw(1)],
    ] as [string, Tensor][]),
  );
}

beforeAll(() => {
  vocabulary.path = at("vocabulary.txt.gz");
  writeFileSync(vocabulary.path, gzipSync(`"heading"\n${allMerges.join("\n")}\n`));
  writeClip(at("clip.safetensors"));
});

function recipeWith(changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe {
  const { data, optimizer, logs } = toyRecipe(at("data"));
  const resize = { kind: "resize-exact", height: 32, width: 32, interpolation: "bilinear" } as const;
  return toyRecipe(at("data"), {
    epochs: 1,
    backbone: "clip-b32",
    data: { ...data, imageSize: 32, train: [...data.train, resize], test: [...data.test, resize] },
    classifier: TEXT,
    method: { kind: "balanced-softmax", experts: 1, sharedStages: 0, tau: 1 },
    pretrained: { weights: null, file: at("clip.safetensors"), load: "backbone", key: null },
    adapter: { kind: "adaptformer", dim: 4, scale: 1, learnScale: true, init: "normal" },
    optimizer: { ...optimizer, lr: 1e-9 },
    logs: { ...logs, tensorboard: false, images: 0, histogramsEvery: null },
    ...changes,
  });
}

const weightOf = (run: string): Tensor =>
  readSafetensors(join(at(run), "checkpoints/last.safetensors")).tensors.get("model.classifier.0.weight")!;

test("each class's weights are what CLIP makes of its name", async () => {
  const { result } = await trainToy(recipeWith(), at("run"));
  expect(result.evaluation!.ensemble.all).toBeGreaterThanOrEqual(0);
  using _ = scope();
  const tokenizer = clipTokenizer(allMerges);
  const texts = ["ant", "bee", "cat"].map((name) => tokenizer.encode(`a photo of a ${name}.`));
  const weights = textWeights(loadWeights(at("clip.safetensors")));
  const expected = textDirections(weights, texts, { activation: "quick-gelu" });
  expect(weightOf("run").sub(expected).abs().max().item()).toBeLessThan(1e-5);
  expect(expected.select(0, 0).sub(expected.select(0, 1)).abs().max().item()).toBeGreaterThan(1e-3);
});

test("LIFT+ trains from its recipe, as far as a random CLIP goes", async () => {
  const overrides = [
    `data.root=${at("data")}`,
    "data.imageSize=32",
    "data.batch=16",
    "data.train.0.size=32",
    "data.test.0.size=36",
    "data.test.1.size=32",
    "backbone=clip-b32",
    `pretrained={"file":${JSON.stringify(at("clip.safetensors"))}}`,
    "precision=float32",
    'evaluation.fiveCrops={"size":36}',
    "epochs=2",
    'checkpoints={"epochs":2}',
    'logs={"tensorboard":false,"histogramsEvery":null,"images":0}',
  ].map(parseOverride);
  const recipe = await loadRecipe("imagenet-lt-lift-plus", overrides);
  const { result, events } = await trainToy(recipe, at("lift-plus"));
  expect(result.reason).toBe("finished");
  const run = events.find((event) => event.type === "run")!;
  // each block: norm 2 W, down 32 W + 32, up 32 W + W, scale 1; three classes of W
  const block = 2 * WIDTH + 32 * WIDTH + 32 + 32 * WIDTH + WIDTH + 1;
  expect(run.trained).toBe(DEPTH * block + 3 * WIDTH);
  const losses = events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
  expect(losses).toHaveLength(6);
  expect(losses.every(Number.isFinite)).toBe(true);
});

describe("refused", () => {
  const refusal = (changes: Partial<ResolvedRecipe>) =>
    expect(trainToy(recipeWith(changes), at("bad"))).rejects;

  test("classes that are numbers", async () => {
    writeFileSync(at("data/ids.txt"), "n01440764\nn01443537\nn01484850\n");
    writeFileSync(at("data/two.txt"), "tench\ngoldfish\n");
    await refusal({ classifier: { ...TEXT, names: "ids.txt" } }).toThrow(
      /classifier.start text: expected names of classes, found "n01440764"; classifier.names takes a file of words/,
    );
    await refusal({ classifier: { ...TEXT, names: "two.txt" } }).toThrow(
      /two.txt [(]classifier.names[)]: expected words for each of the 3 classes, found 2/,
    );
  });

  test("another network, and none", async () => {
    await refusal({ backbone: "vit-ti16" }).toThrow(
      /classifier.start: expected class-means or random for backbone vit-ti16; text needs a CLIP's/,
    );
    await refusal({ pretrained: null }).toThrow(/classifier.start: expected weights to start from/);
  });

  test("an image tower alone", async () => {
    const file = at("visual.safetensors");
    using _ = scope();
    const { tensors } = readSafetensors(at("clip.safetensors"));
    writeSafetensors(file, new Map([...tensors].filter(([name]) => name.startsWith("visual."))));
    await refusal({ pretrained: { weights: null, file, load: "backbone", key: null } }).toThrow(
      /visual.safetensors does not fit this network: expected a whole CLIP with its text tower/,
    );
  });
});
