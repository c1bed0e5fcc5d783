import type { RecipeInput } from "../schema.js";

/** How a data set's images are made into what the network sees. */
export type Preparation = Pick<RecipeInput["data"], "imageSize" | "train" | "test" | "mean" | "std">;

/** CIFAR's images, as the reference prepares them, except for AutoAugment and Cutout. */
export const smallImages: Preparation = {
  imageSize: 32,
  train: [{ kind: "random-crop", size: 32, padding: 4 }, { kind: "horizontal-flip" }],
  test: [],
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
};

/**
 * Photographs, as the reference prepares them for tests. For training it has RandomResizedCrop, colour jitter and
 * RandAugment (SimCLR-style changes on Places-LT), where this crops and flips.
 */
export const largeImages: Preparation = {
  imageSize: 224,
  train: [{ kind: "resize", size: 256 }, { kind: "random-crop", size: 224 }, { kind: "horizontal-flip" }],
  test: [
    { kind: "resize", size: 256 },
    { kind: "center-crop", size: 224 },
  ],
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** iNaturalist's mean and deviation. */
export const inatImages: Preparation = {
  ...largeImages,
  mean: [0.466, 0.471, 0.38],
  std: [0.195, 0.194, 0.192],
};
