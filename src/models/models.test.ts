import { expect, test } from "vitest";
import { noGrad } from "../torch/autograd.js";
import { tensor, zeros } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { ExpertEnsemble } from "./ensemble.js";
import { buildBackbone, buildClassifier, CosineClassifier, NormClassifier } from "./registry.js";
import { ResNetCifar } from "./resnet-cifar.js";

const rng = new Rng(3);

function elements(parameters: readonly { size: number }[]): number {
  return parameters.reduce((sum, { size }) => sum + size, 0);
}

// He et al., table 6: 0.27, 0.46, 0.66, 0.85 and 1.7 million, with a linear layer for ten classes (650 numbers).
test.each([
  ["resnet20", 269_722],
  ["resnet32", 464_154],
  ["resnet44", 658_586],
  ["resnet56", 853_018],
  ["resnet110", 1_727_962],
] as const)("%s has the paper's number of parameters", (name, expected) => {
  const backbone = buildBackbone(name, { rng });
  expect(elements(backbone.parameters()) + 650).toBe(expected);
  backbone[Symbol.dispose]();
});

test("the ResNet gives 64 features and keeps channels_last", () => {
  using _ = scope();
  const net = new ResNetCifar({ depth: 8, rng }).to({ memoryFormat: "channels_last" });
  const images = rng.normal([2, 3, 32, 32]).to({ memoryFormat: "channels_last" });
  const features = net.forward(images);
  expect(features.shape).toEqual([2, 64]);
  expect(net.features).toBe(64);
  features.sum().backward();
  const gradients = net.parameters().map((parameter) => parameter.grad!);
  expect(gradients.every((gradient) => gradient.isfinite().all().item() === 1)).toBe(true);
  expect(gradients[0]!.isChannelsLast).toBe(true);
  net[Symbol.dispose]();
});

test("memory formats give the same features", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  const net = new ResNetCifar({ depth: 14, rng }).eval();
  const images = rng.normal([2, 3, 16, 16]);
  const contiguous = net.forward(images);
  const channelsLast = net
    .to({ memoryFormat: "channels_last" })
    .forward(images.to({ memoryFormat: "channels_last" }));
  expect(channelsLast.sub(contiguous).abs().max().item()).toBeLessThan(1e-4);
  net[Symbol.dispose]();
});

test("with both convolutions at zero a block is its shortcut: every second pixel between channels of zeros", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  const net = new ResNetCifar({ depth: 8, rng }).eval();
  for (const [name, parameter] of net.namedParameters()) if (name.includes("conv")) parameter.fill_(0);
  const bias = net.namedParameters().find(([name]) => name === "bn1.bias")![1];
  bias.copy_(tensor(Array.from({ length: 16 }, (_value, channel) => channel + 1)));
  const features = net.forward(tensor(new Float32Array(3 * 64), { shape: [1, 3, 8, 8] })).toList();
  const expected = Array.from({ length: 64 }, (_value, c) => (c >= 24 && c < 40 ? c - 23 : 0));
  expect(features).toEqual(expected);
  net[Symbol.dispose]();
});

test("a depth that is not 6n + 2 is refused", () => {
  expect(() => new ResNetCifar({ depth: 18, rng })).toThrowErrorMatchingInlineSnapshot(
    `[RangeError: ResNetCifar: expected a depth of 6n + 2 (8, 14, 20, …), found 18]`,
  );
});

test("the cosine classifier sees directions only", () => {
  using _ = scope();
  const classifier = new CosineClassifier({ inFeatures: 2, classes: 2, scale: 16, bias: true, rng });
  classifier.weight.detach().copy_(tensor([5, 0, 1, 1], { shape: [2, 2] }));
  classifier.bias!.detach().copy_(tensor([0, 1]));
  const logits = classifier.forward(tensor([2, 0, 200, 0], { shape: [2, 2] })).toList();
  const expected = [16, 16 / Math.SQRT2 + 1, 16, 16 / Math.SQRT2 + 1];
  logits.forEach((logit, index) => expect(logit).toBeCloseTo(expected[index]!, 4));
});

test("FCNorm gives cosines", () => {
  using _ = scope();
  const classifier = new NormClassifier({ inFeatures: 2, classes: 2, rng });
  expect(classifier.namedParameters().map(([name]) => name)).toEqual(["weight"]);
  const columns = classifier.weight
    .pow(2)
    .sum({ dim: [0] })
    .toList();
  for (const square of columns) expect(square).toBeCloseTo(1, 5);
  classifier.weight.detach().copy_(tensor([5, 0, -1, 1], { shape: [2, 2] }));
  const cosines = classifier.forward(tensor([0.1, 0], { shape: [1, 2] })).toList();
  [1, -1 / Math.SQRT2].forEach((cosine, index) => expect(cosines[index]).toBeCloseTo(cosine, 5));
  classifier[Symbol.dispose]();
});

test.each(["fc", "cosine"] as const)("%s without a bias", (kind) => {
  using _ = scope();
  const choice =
    kind === "fc"
      ? { kind, bias: false }
      : { kind, scale: 16, bias: false, start: "random" as const, prompt: "{}", names: null };
  const classifier = buildClassifier(choice, { inFeatures: 4, classes: 3, rng });
  expect(classifier.namedParameters().map(([name]) => name)).toEqual(["weight"]);
  expect(classifier.forward(zeros([1, 4])).toList()).toEqual([0, 0, 0]);
  classifier[Symbol.dispose]();
});

test("experts have the reference's names and start from different weights", () => {
  using _ = scope();
  const experts = [0, 1].map(() => ({
    backbone: buildBackbone("resnet8", { rng }),
    classifier: buildClassifier({ kind: "fc", bias: true }, { inFeatures: 64, classes: 5, rng }),
  }));
  const model = new ExpertEnsemble(experts, { dropout: 0 });
  const names = model.namedParameters().map(([name]) => name);
  expect(names.filter((name) => /conv1|classifier/.test(name) && !name.includes("layer")))
    .toMatchInlineSnapshot(`
    [
      "backbone.0.conv1.weight",
      "backbone.1.conv1.weight",
      "classifier.0.weight",
      "classifier.0.bias",
      "classifier.1.weight",
      "classifier.1.bias",
    ]
  `);
  const [a, b] = model.forward(rng.normal([2, 3, 8, 8]));
  expect(a!.shape).toEqual([2, 5]);
  expect(a!.sub(b!).abs().max().item()).toBeGreaterThan(0);
  model[Symbol.dispose]();
});

test("experts on parallel streams give the same features and gradients", () => {
  using _ = scope();
  const images = rng.normal([4, 3, 16, 16]);
  const [plain, parallel] = [false, true].map((inParallel) => {
    const init = new Rng(8);
    const experts = [0, 1, 2].map(() => {
      const backbone = buildBackbone("resnet8", { rng: init });
      const { features: inFeatures } = backbone;
      const options = { inFeatures, classes: 5, rng: init };
      return { backbone, classifier: buildClassifier({ kind: "fc", bias: true }, options) };
    });
    const ensemble = new ExpertEnsemble(experts, { dropout: 0 }).train();
    if (inParallel) ensemble.useParallelStreams("cpu");
    const logits = ensemble.forward(images);
    logits
      .reduce((sum, one) => sum.add(one))
      .logSoftmax(1)
      .select(1, 0)
      .sum()
      .backward();
    const found = [...logits, ...ensemble.parameters().map(({ grad }) => grad!)].map((one) => one.toList());
    ensemble[Symbol.dispose]();
    return found;
  });
  expect(parallel).toEqual(plain);
});
