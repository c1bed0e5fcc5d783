import { Linear } from "../nn/linear.js";
import type { Layer } from "../nn/module.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Rng } from "../torch/random.js";
import type { Backbone, StageRange } from "./ensemble.js";
import { CosineClassifier, NormClassifier } from "./classifiers.js";
import { ResNetCifar } from "./resnet-cifar.js";
import { ResNet, type ResNetArchitecture } from "./resnet.js";

type BackboneName = ResolvedRecipe["backbone"];
type ClassifierChoice = ResolvedRecipe["classifier"];

type StageOptions = StageRange & { readonly rng: Rng };

/** A kind of backbone: how many stages it has after its stem, and how some of them are built. */
interface BackboneKind {
  readonly stages: number;
  readonly build: (options: StageOptions) => Backbone;
}

const BACKBONES: Record<BackboneName, BackboneKind> = {
  resnet8: cifar(8),
  resnet14: cifar(14),
  resnet20: cifar(20),
  resnet32: cifar(32),
  resnet44: cifar(44),
  resnet56: cifar(56),
  resnet110: cifar(110),
  resnet10: imageNet({ block: "basic", blocks: [1, 1, 1, 1] }),
  resnet18: imageNet({ block: "basic", blocks: [2, 2, 2, 2] }),
  resnet50: imageNet({ block: "bottleneck", blocks: [3, 4, 6, 3] }),
  resnet101: imageNet({ block: "bottleneck", blocks: [3, 4, 23, 3] }),
  resnet152: imageNet({ block: "bottleneck", blocks: [3, 8, 36, 3] }),
  "resnext50-32x4d": imageNet({ block: "bottleneck", blocks: [3, 4, 6, 3], groups: 32, groupWidth: 4 }),
  "resnext101-32x4d": imageNet({ block: "bottleneck", blocks: [3, 4, 23, 3], groups: 32, groupWidth: 4 }),
};

function cifar(depth: number): BackboneKind {
  return { stages: 3, build: (options) => new ResNetCifar({ depth, ...options }) };
}

function imageNet(architecture: ResNetArchitecture): BackboneKind {
  return { stages: 4, build: (options) => new ResNet({ ...architecture, ...options }) };
}

/** A backbone, or some of its stages: its first ones for experts to share, or what follows these. */
export function buildBackbone(name: BackboneName, options: StageOptions): Backbone {
  return BACKBONES[name].build(options);
}

/** Stages of a backbone after its stem. */
export function countStages(name: BackboneName): number {
  return BACKBONES[name].stages;
}

/** x [N, inFeatures] → logits [N, classes] */
export function buildClassifier(
  choice: ClassifierChoice,
  options: { inFeatures: number; classes: number; rng: Rng },
): Layer {
  switch (choice.kind) {
    case "fc":
      return new Linear({
        inFeatures: options.inFeatures,
        outFeatures: options.classes,
        bias: choice.bias,
        rng: options.rng,
      });
    case "fc-norm":
      return new NormClassifier(options);
    case "cosine":
      return new CosineClassifier({ ...options, ...choice });
    default:
      return choice satisfies never;
  }
}
