import type { LoraTarget } from "../nn/adapters.js";
import { Linear } from "../nn/linear.js";
import { Layer } from "../nn/module.js";
import type { RecipeIssue } from "../recipes/faults.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Rng } from "../torch/random.js";
import type { Adapted, Backbone, StageRange } from "./ensemble.js";
import { CONVNEXTS, RESNETS, VISION_TRANSFORMERS } from "./architectures.js";
import { ConvNext } from "./convnext.js";
import { EFFICIENTNET_LITE_STAGES, EfficientNetLite } from "./efficientnet-lite.js";
import { countMobileNetV3Stages, MOBILENET_V3, MobileNetV3 } from "./mobilenet-v3.js";
import { ResNetCifar } from "./resnet-cifar.js";
import { ResNet } from "./resnet.js";
import { VisionTransformer } from "./vision-transformer.js";
import { fanInUniform } from "../nn/init.js";
import { normalize } from "../nn/functional.js";
import { zeros } from "../torch/create.js";
import { linear } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";
import { keep, scope } from "../torch/scope.js";

interface CosineOptions {
  readonly inFeatures: number;
  readonly classes: number;
  readonly scale: number;
  readonly bias: boolean;
  readonly rng: Rng;
}

/**
 * y = s · x̂ Ŵᵀ + b, or without b, with x̂ and the rows of Ŵ of length 1. x [N, D] → [N, C]. NCL's classifier for large
 * data sets. The bias starts at 0.
 */
export class CosineClassifier extends Layer {
  readonly weight: Tensor; // [C, D]
  readonly bias: Tensor | null; // [C]
  readonly #scale: number;

  constructor({ inFeatures, classes, scale, bias, rng }: CosineOptions) {
    super();
    this.weight = this.parameter("weight", fanInUniform([classes, inFeatures], rng));
    this.bias = bias ? this.parameter("bias", zeros([classes])) : null;
    this.#scale = scale;
  }

  override forward(x: Tensor): Tensor {
    const logits = linear(normalize(x, 1), normalize(this.weight, 1)).mul(this.#scale);
    return this.bias ? logits.add(this.bias) : logits;
  }
}

/**
 * y = x̂ Ŵᵀ, with x̂ and the rows of Ŵ of length 1: cosines, without scale or bias, so that logits lie in -1..1.
 * x [N, D] → [N, C]. The reference's FCNorm, after the normalized linear layer of Cao et al., LDAM, NeurIPS 2019. Weights
 * start uniform in ±1 with columns of length 1.
 */
export class NormClassifier extends Layer {
  readonly weight: Tensor; // [C, D]

  constructor({ inFeatures, classes, rng }: { inFeatures: number; classes: number; rng: Rng }) {
    super();
    using _ = scope();
    const start = rng.uniform([classes, inFeatures], { low: -1, high: 1 });
    this.weight = this.parameter("weight", keep(normalize(start, 0)));
  }

  override forward(x: Tensor): Tensor {
    return linear(normalize(x, 1), normalize(this.weight, 1));
  }
}

type BackboneName = ResolvedRecipe["backbone"];
type ClassifierChoice = ResolvedRecipe["classifier"];

type StageOptions = StageRange & Adapted;

/**
 * A kind of backbone: how many stages it has after its stem, how some of them are built, and the linear layers of its blocks
 * that may have low-rank updates.
 */
interface BackboneKind {
  readonly stages: number;
  readonly loraTargets?: readonly LoraTarget[];
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
  ...each(RESNETS, (architecture) => ({
    stages: architecture.blocks.length,
    build: (options) => new ResNet({ ...architecture, ...options }),
  })),
  "efficientnet-lite0": {
    stages: EFFICIENTNET_LITE_STAGES,
    build: (options) => new EfficientNetLite(options),
  },
  ...each(
    { "mobilenet-v3-small": MOBILENET_V3.small, "mobilenet-v3-large": MOBILENET_V3.large },
    (architecture) => ({
      stages: countMobileNetV3Stages(architecture),
      build: (options) => new MobileNetV3({ ...architecture, ...options }),
    }),
  ),
  ...each(CONVNEXTS, (architecture) => ({
    stages: architecture.blocks.length,
    loraTargets: ["fc1", "fc2"],
    build: (options) => new ConvNext({ ...architecture, ...options }),
  })),
  ...each(VISION_TRANSFORMERS, (architecture) => ({
    stages: architecture.depth,
    loraTargets: ["q", "k", "v", "proj", "fc1", "fc2"],
    build: (options) => new VisionTransformer({ ...architecture, ...options }),
  })),
};

/** A kind of backbone for each architecture of a table. */
function each<Name extends BackboneName, Architecture>(
  table: Readonly<Record<Name, Architecture>>,
  kind: (architecture: Architecture) => BackboneKind,
): Record<Name, BackboneKind> {
  const kinds = Object.entries<Architecture>(table).map(([name, one]) => [name, kind(one)]);
  return Object.fromEntries(kinds) as Record<Name, BackboneKind>;
}

function cifar(depth: number): BackboneKind {
  return { stages: 3, build: (options) => new ResNetCifar({ depth, ...options }) };
}

/** A backbone, or some of its stages: its first ones for experts to share, or what follows these. */
export function buildBackbone(name: BackboneName, options: StageOptions): Backbone {
  return BACKBONES[name].build(options);
}

/** Stages of a backbone after its stem. */
export function countStages(name: BackboneName): number {
  return BACKBONES[name].stages;
}

/** Settings of a recipe's adapter that its backbone cannot have, or that leave it without effect. */
export function adapterIssues({
  adapter,
  backbone,
  freezeBackbone,
  phases,
  trainable,
}: Pick<ResolvedRecipe, "adapter" | "backbone" | "freezeBackbone" | "phases" | "trainable">): RecipeIssue[] {
  if (adapter === null) return [];
  const { loraTargets = [] } = BACKBONES[backbone];
  const issues: RecipeIssue[] = [];
  if (adapter.kind === "adaptformer" && !Object.hasOwn(VISION_TRANSFORMERS, backbone))
    issues.push({
      key: "adapter.kind",
      expected: `${loraTargets.length > 0 ? "lora" : "no adapter"} for backbone ${backbone}; adaptformer is for vision transformers`,
    });
  if (adapter.kind === "lora" && adapter.targets.some((target) => !loraTargets.includes(target)))
    issues.push({
      key: "adapter.targets",
      expected:
        loraTargets.length > 0
          ? `some of ${loraTargets.join(", ")} for backbone ${backbone}`
          : `no adapter for backbone ${backbone}; lora is for vision transformers and ConvNeXts`,
    });
  if (trainable !== "all")
    issues.push({
      key: "trainable",
      expected: "all beside an adapter, which trains in the backbone's place",
    });
  if (freezeBackbone && phases === undefined)
    issues.push({
      key: "freezeBackbone",
      expected: "false beside an adapter, which is a part of the backbone, in one phase at least",
    });
  return issues;
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
