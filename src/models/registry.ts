import { Linear } from "../nn/linear.js";
import type { Layer } from "../nn/module.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Rng } from "../torch/random.js";
import type { Backbone } from "./backbone.js";
import { CosineClassifier } from "./cosine-classifier.js";
import { ResNetCifar } from "./resnet-cifar.js";

type BackboneName = ResolvedRecipe["backbone"];
type ClassifierChoice = ResolvedRecipe["classifier"];

const BACKBONES: Record<BackboneName, (options: { rng: Rng }) => Backbone> = {
  resnet8: (options) => new ResNetCifar({ depth: 8, ...options }),
  resnet14: (options) => new ResNetCifar({ depth: 14, ...options }),
  resnet20: (options) => new ResNetCifar({ depth: 20, ...options }),
  resnet32: (options) => new ResNetCifar({ depth: 32, ...options }),
  resnet44: (options) => new ResNetCifar({ depth: 44, ...options }),
  resnet56: (options) => new ResNetCifar({ depth: 56, ...options }),
  resnet110: (options) => new ResNetCifar({ depth: 110, ...options }),
};

export function buildBackbone(name: BackboneName, options: { rng: Rng }): Backbone {
  return BACKBONES[name](options);
}

/** x [N, inFeatures] → logits [N, classes] */
export function buildClassifier(
  choice: ClassifierChoice,
  options: { inFeatures: number; classes: number; rng: Rng },
): Layer {
  switch (choice.kind) {
    case "fc":
      return new Linear({ inFeatures: options.inFeatures, outFeatures: options.classes, rng: options.rng });
    case "cosine":
      return new CosineClassifier({ ...options, scale: choice.scale });
    default:
      return choice satisfies never;
  }
}
