import type { RecipeInput } from "../schema.js";

/** How a data set's images are made into what the network sees. */
export type Preparation = Pick<
  RecipeInput["data"],
  "imageSize" | "train" | "secondView" | "test" | "mean" | "std"
>;
type Transforms = NonNullable<Preparation["train"]>;

/*
 * All of them are those of NCL's PyTorch code (its data sets' names stand behind), which has them from PaCo (Cui et al., ICCV
 * 2021). The random resized crop, and the rest in its order, is torchvision's; p is 0.5 where none is given.
 */

/** CIFAR's images: MULTI_NETWORK_CIFAR_AUGPLIS, and each copy of …_NCL_PLUS. */
export const smallImages: Preparation = {
  imageSize: 32,
  train: [
    { kind: "random-crop", size: 32, padding: 4 },
    { kind: "horizontal-flip" },
    { kind: "auto-augment", policy: "cifar10" }, // for CIFAR-100, too
    { kind: "cutout", size: 16 },
  ],
  test: [],
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
};

/** The same, and for a second view SimCLR's changes (Chen et al., ICML 2020): MULTI_NETWORK_CIFAR_MOCO_AUGPLIS. */
export const smallImagesInTwoViews: Preparation = {
  ...smallImages,
  secondView: [
    { kind: "random-resized-crop", size: 32, scale: [0.2, 1] },
    { kind: "horizontal-flip" },
    { kind: "color-jitter", brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 },
    { kind: "grayscale", p: 0.2 },
    { kind: "gaussian-blur", sigma: [0.1, 2] },
  ],
};

const jitter = { kind: "color-jitter", brightness: 0.4, contrast: 0.4, saturation: 0.4 } as const;

const photographs: Preparation = {
  imageSize: 224,
  test: [
    { kind: "resize", size: 256 },
    { kind: "center-crop", size: 224 },
  ],
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

const randAugmented: Transforms = [
  { kind: "random-resized-crop", size: 224 },
  { kind: "horizontal-flip" },
  jitter,
  { kind: "rand-augment", operations: 2, magnitude: 10, magnitudeStd: 0.5 },
];

/** ImageNet_LT. */
export const largeImages: Preparation = { ...photographs, train: randAugmented };

/** iNaturalist, with a mean and deviation of its own. */
export const inatImages: Preparation = {
  ...largeImages,
  mean: [0.466, 0.471, 0.38],
  std: [0.195, 0.194, 0.192],
};

/** Both views of Places_LT_MOCO: SimCLR's changes, with a jitter that is always there and leaves hues as they are. */
export const placesImages: Preparation = {
  ...photographs,
  train: [
    { kind: "random-resized-crop", size: 224 },
    jitter,
    { kind: "grayscale", p: 0.2 },
    { kind: "gaussian-blur", sigma: [0.1, 2] },
    { kind: "horizontal-flip" },
  ],
};
