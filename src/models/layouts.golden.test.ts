/**
 * Networks in the layouts of other libraries, as these write and compute them: features and gradients
 * (test/golden/make-networks.py).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { goldenPath, goldenTensors } from "../../test/support/golden.js";
import { writePth } from "../torch/pth/write.js";
import { Rng } from "../torch/random.js";
import { writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { ConvNext } from "./convnext.js";
import { type Backbone, ExpertEnsemble } from "./ensemble.js";
import { loadWeights } from "./load-weights.js";
import { MobileNetV3 } from "./mobilenet-v3.js";
import { loadPretrained } from "./pretrained.js";
import { buildClassifier } from "./registry.js";
import { matching, renamed } from "./state-names.js";
import { translated } from "./translate.js";
import { VisionTransformer, type VisionTransformerArchitecture } from "./vision-transformer.js";

const folder = mkdtempSync(join(tmpdir(), "longtail-layouts-"));
afterAll(() => rmSync(folder, { recursive: true }));
const rng = new Rng(3);

const plain: VisionTransformerArchitecture = {
  patch: 4,
  width: 16,
  depth: 2,
  heads: 2,
  grid: 4,
  activation: "gelu",
  eps: 1e-6,
  registers: 0,
  layerScale: null,
  isClip: false,
  positions: "antialiased",
  pooling: "class",
};
const dinov2 = { ...plain, layerScale: 1e-5 };
const clip = { ...plain, eps: 1e-5, isClip: true };
const siglip = { ...plain, activation: "gelu-tanh", pooling: "attention" } as const;
const transformer = (one: VisionTransformerArchitecture) => (): Backbone =>
  new VisionTransformer({ ...one, rng });
const convNext = (): Backbone => new ConvNext({ blocks: [1, 2, 1, 1], channels: [8, 12, 16, 20], rng });
const mobileNet = (): Backbone =>
  new MobileNetV3({
    features: 40,
    blocks: [
      { kernel: 3, inner: 16, channels: 16, squeezes: true, activation: "relu", stride: 2 },
      { kernel: 3, inner: 24, channels: 8, squeezes: false, activation: "relu", stride: 2 },
      { kernel: 5, inner: 32, channels: 8, squeezes: true, activation: "hardswish", stride: 1 },
      { kernel: 5, inner: 32, channels: 16, squeezes: true, activation: "hardswish", stride: 2 },
    ],
    rng,
  });

const NETWORKS: Readonly<Record<string, () => Backbone>> = {
  "timm-vit": transformer(plain),
  "timm-vit-larger-image": transformer(plain),
  "timm-vit-smaller-image": transformer({ ...plain, grid: 6 }),
  "timm-dinov2-registers": transformer({ ...dinov2, registers: 4 }),
  "hf-vit": transformer({ ...plain, eps: 1e-12 }),
  "hf-dinov2": transformer(dinov2),
  "hf-dinov2-registers": transformer({ ...dinov2, registers: 4 }),
  "hf-clip": transformer({ ...clip, activation: "quick-gelu" }),
  "hf-siglip": transformer(siglip),
  "timm-siglip": transformer(siglip),
  "timm-siglip-smaller-image": transformer({ ...siglip, grid: 6 }),
  "open-clip": transformer(clip),
  "open-clip-quickgelu": transformer({ ...clip, activation: "quick-gelu" }),
  "torchvision-vit": transformer(plain),
  "torchvision-convnext": convNext,
  "timm-convnext": convNext,
  "hf-convnext": convNext,
  "torchvision-mobilenet-v3": mobileNet,
  "torchvision-mobilenet-v3-training": mobileNet,
};

const under = (tensors: Map<string, Tensor>, prefix: string): Map<string, Tensor> =>
  renamed(
    matching(tensors, (name) => name.startsWith(prefix)),
    (name) => name.slice(prefix.length),
  );

function ensembleOf(backbone: Backbone): ExpertEnsemble {
  const classifier = buildClassifier(
    { kind: "fc", bias: true },
    { inFeatures: backbone.features, classes: 3, rng },
  );
  return new ExpertEnsemble([{ backbone, classifier }], { dropout: 0 });
}

function distance(a: Tensor, b: Tensor): number {
  return a.sub(b).abs().max().item() / Math.max(1, b.abs().max().item());
}

test.each(Object.keys(NETWORKS))("%s: features and gradients are the library's", (name) => {
  using _ = scope();
  const { tensors } = goldenTensors(`networks/${name}`);
  const inMemory = under(tensors, "state/");
  const ofFile = under(tensors, "file/");
  const files = [inMemory, ...(ofFile.size > 0 ? [ofFile] : [])].flatMap((state, index) => {
    const [safetensors, pth] = [`${name}-${index}.safetensors`, `${name}-${index}.pth`].map((file) =>
      join(folder, file),
    );
    writeSafetensors(safetensors!, state);
    writePth(pth!, state);
    return [safetensors!, pth!];
  });
  for (const file of files) {
    const backbone = NETWORKS[name]!();
    using ensemble = ensembleOf(backbone);
    loadPretrained(ensemble, { file, load: "backbone" });
    backbone.train(name.endsWith("-training"));
    const x = tensors.get("x")!.detach().clone().setRequiresGrad();
    const features = backbone.forward(x.to({ memoryFormat: "channels_last" }));
    expect(distance(features, tensors.get("features")!)).toBeLessThan(1e-5);
    features.mul(tensors.get("weight")!).sum().backward();
    expect(distance(x.grad!, tensors.get("gradient-of-x")!)).toBeLessThan(1e-5);
    const { state: gradients } = translated(under(tensors, "gradient/"));
    let compared = 0;
    for (const [parameter, { grad }] of backbone.namedParameters()) {
      // The position of the class token is in the token itself there.
      if (name === "timm-dinov2-registers" && parameter === "pos_embed") continue;
      const expected = gradients.get(parameter);
      expect(expected, parameter).toBeDefined();
      expect(distance(grad!, expected!), parameter).toBeLessThan(1e-5);
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
  }
});

test("a TorchScript archive in half precision, as OpenAI publishes CLIP", () => {
  using _ = scope();
  const { tensors } = goldenTensors("networks/openai-clip");
  const found = loadWeights(goldenPath("networks/openai-clip.pt"));
  expect(new Set(found.keys())).toEqual(new Set(tensors.keys()));
  for (const [name, tensor] of found) expect(tensor.equal(tensors.get(name)!), name).toBe(true);
  using ensemble = ensembleOf(NETWORKS["open-clip-quickgelu"]!());
  const notes = loadPretrained(ensemble, { file: goldenPath("networks/openai-clip.pt"), load: "backbone" });
  expect(notes).toEqual([
    expect.stringContaining('left out: "logit_scale", "input_resolution", "visual.proj".'),
  ]);
  const own = ensemble.stateDict().get("backbone.0.blocks.1.attn.qkv.weight")!;
  expect(own.dtype).toBe("float32");
  expect(
    own.equal(tensors.get("visual.transformer.resblocks.1.attn.in_proj_weight")!.to({ dtype: "float32" })),
  ).toBe(true);
});
