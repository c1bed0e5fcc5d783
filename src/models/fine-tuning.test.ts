import { afterAll, describe, expect, test } from "vitest";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { ExpertEnsemble } from "./ensemble.js";
import { layerDepths, learningRateFactors, limitTraining } from "./fine-tuning.js";
import { buildBackbone, buildClassifier } from "./registry.js";

const open = scope();
afterAll(() => {
  open[Symbol.dispose]();
});

type Name = Parameters<typeof buildBackbone>[0];

function model(name: Name, sharedStages = 0): ExpertEnsemble {
  const rng = new Rng(0);
  const trunk = sharedStages === 0 ? null : buildBackbone(name, { rng, to: sharedStages });
  const experts = [0, 1].map(() => {
    const backbone = buildBackbone(name, { rng, from: sharedStages });
    const inFeatures = backbone.features;
    return {
      backbone,
      classifier: buildClassifier({ kind: "fc", bias: true }, { inFeatures, classes: 3, rng }),
    };
  });
  return new ExpertEnsemble(experts, { dropout: 0, trunk });
}

const trained = (of: ExpertEnsemble): string[] =>
  of.namedParameters().flatMap(([name, { requiresGrad }]) => (requiresGrad ? [name] : []));
const lasts = (names: readonly string[]): string[] => [
  ...new Set(names.map((name) => name.replace(/^backbone[.]\d+[.]/, "").replace(/[.].*/, ""))),
];

describe("depths", () => {
  test.each([
    [
      "a ResNet",
      ["conv1.weight", "bn1.weight", "layer1.0.conv1.weight", "layer1.1.bn2.bias", "layer2.0.conv1.weight"],
      [0, 0, 1, 1, 2],
    ],
    [
      "an EfficientNet",
      [
        "_conv_stem.weight",
        "_bn0.bias",
        "_blocks.0._bn1.bias",
        "_blocks.1._bn1.bias",
        "_blocks.1._bn1.weight",
        "_bn1.bias",
      ],
      [0, 0, 1, 2, 2, 2],
    ],
    ["its last stages alone", ["_blocks.14._bn1.weight", "_blocks.15._bn1.weight", "_bn1.bias"], [1, 2, 2]],
    [
      "a transformer",
      ["cls_token", "blocks.0.norm1.weight", "blocks.11.mlp.fc1.bias", "norm.weight"],
      [0, 1, 12, 12],
    ],
    ["one without numbers", ["a.weight", "b.weight"], [0, 0]],
  ])("%s", (_name, names, depths) => {
    expect(layerDepths(names)).toEqual(depths);
  });
});

describe("what trains", () => {
  test.each<[Name, string[]]>([
    ["resnet8", ["layer3", "classifier"]],
    ["resnet10", ["layer4", "classifier"]],
    ["efficientnet-lite0", ["_blocks", "_conv_head", "_bn1", "classifier"]],
  ])("last-stage of %s", (name, expected) => {
    using of = model(name);
    const all = trained(of).length;
    limitTraining(of, { trainable: "last-stage", adapter: null });
    expect(lasts(trained(of))).toEqual(expected);
    expect(trained(of).length).toBeLessThan(all);
  });

  test("the last stage has the lowest resolution", () => {
    using of = model("efficientnet-lite0");
    limitTraining(of, { trainable: "last-stage", adapter: null });
    const blocks = trained(of).map((name) => /_blocks[.](\d+)/.exec(name)?.[1]);
    expect([...new Set(blocks)].filter((block) => block !== undefined)).toEqual([
      "11",
      "12",
      "13",
      "14",
      "15",
    ]);
  });

  test("norm and bias, in every expert", () => {
    using norm = model("resnet8");
    limitTraining(norm, { trainable: "norm", adapter: null });
    expect(trained(norm).filter((name) => !/bn\d[.](weight|bias)$|^classifier/.test(name))).toEqual([]);
    expect(trained(norm)).toContain("backbone.1.layer3.0.bn2.weight");
    using bias = model("resnet8");
    limitTraining(bias, { trainable: "bias", adapter: null });
    expect(trained(bias).filter((name) => !/bias$|^classifier/.test(name))).toEqual([]);
  });

  test("all leaves what is frozen frozen", () => {
    using of = model("resnet8");
    for (const backbone of of.backbones) backbone.freeze();
    limitTraining(of, { trainable: "all", adapter: null });
    expect(lasts(trained(of))).toEqual(["classifier"]);
  });
});

describe("learning rates", () => {
  const factorsOf = (
    of: ExpertEnsemble,
    options: { backboneLr: number; layerDecay: number },
  ): Map<string, number> => {
    const factors = learningRateFactors(of, options)!;
    return new Map(of.namedParameters().map(([name], i) => [name, factors[i]!]));
  };

  test("a factor for the backbones, and layer by layer", () => {
    using of = model("resnet8");
    const factors = factorsOf(of, { backboneLr: 0.1, layerDecay: 0.5 });
    expect(factors.get("classifier.1.weight")).toBe(1);
    expect(factors.get("backbone.1.layer3.0.conv1.weight")).toBe(0.1);
    expect(factors.get("backbone.0.layer2.0.conv1.weight")).toBe(0.05);
    expect(factors.get("backbone.0.conv1.weight")).toBe(0.0125);
  });

  test("stages that experts share go on where their own begin", () => {
    using of = model("resnet8", 2);
    const factors = factorsOf(of, { backboneLr: 1, layerDecay: 0.5 });
    expect(factors.get("backbone.0.layer3.0.conv1.weight")).toBe(1);
    expect(factors.get("trunk.layer2.0.conv1.weight")).toBe(0.5);
    expect(factors.get("trunk.conv1.weight")).toBe(0.125);
  });

  test("none where all are alike", () => {
    using of = model("resnet8");
    expect(learningRateFactors(of, { backboneLr: 1, layerDecay: 1 })).toBeNull();
  });
});
