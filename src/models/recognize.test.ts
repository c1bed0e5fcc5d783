import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { noGrad } from "../torch/autograd.js";
import { Rng } from "../torch/random.js";
import { writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { VISION_TRANSFORMERS } from "./architectures.js";
import { ConvNext } from "./convnext.js";
import { type Backbone, ExpertEnsemble, type StageRange } from "./ensemble.js";
import { resamplingMatrix } from "./position-embedding.js";
import { loadPretrained } from "./pretrained.js";
import { recognized } from "./recognize.js";
import { buildBackbone, buildClassifier, countStages } from "./registry.js";
import { renamed } from "./state-names.js";
import { VisionTransformer } from "./vision-transformer.js";

const folder = mkdtempSync(join(tmpdir(), "longtail-recognize-"));
const file = join(folder, "weights.safetensors");
afterAll(() => rmSync(folder, { recursive: true }));

const rng = new Rng(5);

function ensembleOf(backbone: Backbone): ExpertEnsemble {
  const classifier = buildClassifier(
    { kind: "fc", bias: true },
    { inFeatures: backbone.features, classes: 3, rng },
  );
  return new ExpertEnsemble([{ backbone, classifier }], { dropout: 0 });
}

test.each([
  ["resnet18", ["resnet18"]],
  ["resnet50", ["resnet50"]],
  ["efficientnet-lite0", ["efficientnet-lite0"]],
  ["mobilenet-v3-small", ["mobilenet-v3-small"]],
  ["convnext-tiny", ["convnext-tiny"]],
  ["vit-ti16", ["vit-ti16"]],
  ["dinov2-s14-reg", ["dinov2-s14-reg"]],
  ["siglip-b16", ["siglip-b16"]],
  ["resnet32", []],
] as const)("the weights of %s are known by their names and shapes", (name, expected) => {
  using _ = scope();
  using backbone = buildBackbone(name, { rng });
  expect(recognized(backbone.stateDict())).toEqual(expected);
});

test("weights of another architecture: the error says whose they are", () => {
  using _ = scope();
  using vit = buildBackbone("vit-ti16", { rng });
  writeSafetensors(file, vit.stateDict());
  for (const name of ["resnet8", "resnet10", "dinov2-s14"] as const) {
    using other = ensembleOf(buildBackbone(name, { rng }));
    expect(() => loadPretrained(other, { file, load: "backbone" })).toThrow(
      /weights.safetensors does not fit this network: .*these are the weights of another network: --set backbone=vit-ti16 is theirs/s,
    );
  }
});

test("Hugging Face's names of a ResNet", () => {
  using _ = scope();
  using _noGrad = noGrad();
  using saved = buildBackbone("resnet18", { rng });
  const own = (name: string): string =>
    name
      .replace(/^conv1[.]/, "resnet.embedder.embedder.convolution.")
      .replace(/^bn1[.]/, "resnet.embedder.embedder.normalization.")
      .replace(/^layer(\d)[.](\d)[.](conv|bn)(\d)[.]/, (_all, stage, block, kind, at) => {
        const part = kind === "conv" ? "convolution" : "normalization";
        return `resnet.encoder.stages.${Number(stage) - 1}.layers.${block}.layer.${Number(at) - 1}.${part}.`;
      })
      .replace(/^layer(\d)[.](\d)[.]downsample[.]([01])[.]/, (_all, stage, block, at) => {
        const part = at === "0" ? "convolution" : "normalization";
        return `resnet.encoder.stages.${Number(stage) - 1}.layers.${block}.shortcut.${part}.`;
      });
  writeSafetensors(file, renamed(saved.stateDict(), own));
  using ensemble = ensembleOf(buildBackbone("resnet18", { rng }));
  loadPretrained(ensemble, { file, load: "backbone" });
  const x = rng.normal([1, 3, 64, 64]);
  saved.eval();
  ensemble.eval();
  expect(ensemble.featuresOf(0, x).equal(saved.forward(x))).toBe(true);
});

test("positions of another image size are resampled, and the user is told", () => {
  using _ = scope();
  const tiny = { ...VISION_TRANSFORMERS["vit-ti16"], width: 12, depth: 1, rng };
  using saved = new VisionTransformer({ ...tiny, grid: 24 });
  writeSafetensors(file, saved.stateDict());
  using smaller = ensembleOf(new VisionTransformer(tiny));
  expect(loadPretrained(smaller, { file, load: "backbone" })).toEqual([
    `${file}: its position embeddings of 24 x 24 patches were resampled to 14 x 14.`,
  ]);
});

test.each(["antialiased", "offset"] as const)("%s: each new position is a mean of old ones", (rule) => {
  using _ = scope();
  for (const grid of [
    [3, 5],
    [9, 7],
  ] as const) {
    const matrix = resamplingMatrix(6, grid, rule);
    expect(matrix.shape).toEqual([grid[0] * grid[1], 36]);
    for (const sum of matrix.sum({ dim: [1] }).toList()) expect(sum).toBeCloseTo(1, 5);
  }
});

const tinyConvNext = { blocks: [1, 1, 2, 1], channels: [4, 8, 12, 16] } as const;

test.each(["vit-ti16", "mobilenet-v3-small", "mobilenet-v3-large", "convnext"] as const)(
  "%s: stages one after the other compute what the whole network does",
  (name) => {
    using _ = scope();
    using _noGrad = noGrad();
    const build = (range: StageRange = {}): Backbone =>
      name === "convnext"
        ? new ConvNext({ ...tinyConvNext, rng, ...range })
        : buildBackbone(name, { rng, ...range });
    for (const cut of [1, name === "convnext" ? 3 : countStages(name) - 1]) {
      using whole = build();
      using first = build({ to: cut });
      using rest = build({ from: cut });
      const state: ReadonlyMap<string, Tensor> = whole.stateDict();
      const parts = [first.stateDict(), rest.stateDict()];
      for (const part of parts) for (const [own, tensor] of part) tensor.copy_(state.get(own)!);
      expect(new Set(parts.flatMap((part) => [...part.keys()]))).toEqual(new Set(state.keys()));
      const x = rng.normal([2, 3, 64, 64]);
      for (const network of [whole, first, rest]) network.eval();
      const expected = whole.forward(x);
      expect(expected.shape).toEqual([2, whole.features]);
      expect(rest.forward(first.forward(x)).allclose(expected, { rtol: 1e-4, atol: 1e-4 })).toBe(true);
    }
  },
);

/** The published numbers of parameters, without the classifier. */
test.each([
  ["vit-ti16", 5_717_416 - 193_000],
  ["dinov2-s14", 22_056_576 - 384], // without the mask token
  ["convnext-tiny", 27_820_128],
  ["mobilenet-v3-large", 5_483_032 - 1_281_000],
  ["mobilenet-v3-small", 2_542_856 - 1_025_000],
  ["resnet34", 21_797_672 - 513_000],
] as const)("%s has the published number of parameters", (name, expected) => {
  using _ = scope();
  using backbone = buildBackbone(name, { rng });
  expect(backbone.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(expected);
});
