import { defineRecipe } from "../define.js";
import type { RecipeInput } from "../schema.js";
import { smallImages, smallImagesInTwoViews, type Preparation } from "./images.js";
import { parity } from "./parity.js";

/**
 * cRT on CIFAR-100-LT (imbalance 100): a representation by cross-entropy from the images as they are, then new classifiers
 * on the frozen backbone, from class-balanced batches.
 * Run: longtail train cifar100-lt-crt --data FOLDER (the binary version of CIFAR).
 * Paper: Kang et al., "Decoupling representation and classifier for long-tailed recognition", ICLR 2020.
 * Numbers: those of Bag of Tricks for CIFAR-100-LT (Zhang et al., AAAI 2021): 200 epochs, steps 160 and 180, then 30 epochs
 *   for the classifier. Batch norm goes on following the batches in the second phase, as in both code bases.
 * Reported by Bag of Tricks: 40.3 % (cross-entropy alone: 38.3 %), the best epoch on the test images.
 */
export const cifar100Crt = defineRecipe({
  name: "cifar100-lt-crt",
  description: "cRT, ResNet-32, CIFAR-100-LT (imbalance 100), 200 + 30 epochs",
  citation: "Kang et al., ICLR 2020, with the settings of Bag of Tricks (Zhang et al., AAAI 2021): 40.3 %",
  epochs: 230,
  phases: [
    { name: "representation", epochs: 200 },
    {
      name: "classifier",
      epochs: 30,
      resetClassifier: true,
      freezeBackbone: true,
      data: { sampler: { kind: "class-balanced" } },
      optimizer: { weightDecay: 5e-4 },
      schedule: { kind: "multistep", milestones: [10, 20], warmupEpochs: 0 },
    },
  ],
  data: {
    kind: "cifar100",
    imbalance: 100,
    batch: 128,
    imageSize: 32,
    train: [{ kind: "random-crop", size: 32, padding: 4 }, { kind: "horizontal-flip" }],
    test: [],
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.2023, 0.1994, 0.201],
    ...parity.data,
  },
  backbone: "resnet32",
  method: { kind: "cross-entropy" },
  optimizer: { kind: "sgd", lr: 0.1 },
  schedule: { kind: "multistep", milestones: [160, 180], warmupEpochs: 5 },
  evaluation: parity.evaluation,
  selection: parity.selection,
});

/**
 * CIFAR-100-LT (imbalance 100) on a frozen network that was trained on ImageNet: the images enlarged to 224 pixels, a cosine
 * classifier with logit adjustment on the features of each image and of its mirror image. τ and the mirror images were chosen by
 * the mean accuracy over the classes on held-out images (docs/LOG.md).
 * Run: longtail train cifar100-lt-pretrained --data FOLDER (the binary version of CIFAR): eight minutes for the features on two
 *   cores, then one for the classifier.
 * Reference: none; ImageNet's classes and photographs overlap with CIFAR's, so that this compares products, not methods.
 * Measured: recipes/measured.json, shown by `longtail recipes`.
 */
const enlarged = [{ kind: "resize", size: 224, interpolation: "bicubic" }] as const;

export const cifar100Pretrained = defineRecipe({
  name: "cifar100-lt-pretrained",
  description:
    "Logit adjustment, cosine, on a frozen EfficientNet-Lite0, CIFAR-100-LT (imbalance 100, enlarged)",
  citation: "none: a short schedule of our own",
  epochs: 30,
  data: {
    kind: "cifar100",
    imbalance: 100,
    imageSize: 224,
    batch: 128,
    train: [...enlarged],
    test: [...enlarged],
  },
  backbone: "efficientnet-lite0",
  pretrained: { weights: "efficientnet-lite0" },
  freezeBackbone: true,
  freezeBatchNorm: true,
  featureViews: "mirrored",
  method: { kind: "balanced-softmax", tau: 1.25 },
  classifier: { kind: "cosine", scale: 25, bias: false },
  optimizer: { kind: "sgd", lr: 0.5, weightDecay: 5e-4 },
  schedule: { kind: "cosine" },
  evaluation: { every: 30 },
  checkpoints: { epochs: 30 },
  selection: { kind: "last" },
});

/**
 * CIFAR-10-LT and CIFAR-100-LT, imbalance 100 and 50: methods on the same images, network and schedule.
 * Run: longtail train cifar100-lt-ncl --data FOLDER (the binary version of CIFAR); imbalance 50: cifar100-lt50-ncl.
 * Reference: cifar100_im100_NCL.yaml of NCL's code (Li et al., CVPR 2022), of which the other data sets and methods
 *   are variations; the hard classes are 30 % of all. The settings of `parity` are the reference's.
 *   For -ncl-contrastive it is cifar100_im100_NCL_with_contrastive.yaml; for -ncl-plus-plus cifar100_im100_NCL++.yaml
 *   (Tan et al., arXiv 2306.16709).
 * Reported (Li et al., CVPR 2022, top-1 of a single expert / the ensemble, with AutoAugment and Cutout, and with
 *   the contrastive branch, which is part of the paper's method):
 *   CIFAR-100-LT 100: 53.3 / 54.2 % (crop and flip alone: 47.9 / 49.2 %); 50: 56.8 / 58.2 %;
 *   CIFAR-10-LT 100: 84.7 / 85.5 %; 50: 86.8 / 87.3 %. 58.2 % and CIFAR-10-LT's
 *   are quoted from memory. NCL++'s numbers are in its paper and not quoted here.
 * Crop and flip alone: --set 'data.train=[{"kind":"random-crop","size":32,"padding":4},{"kind":"horizontal-flip"}]'
 * Measured: recipes/measured.json, shown by `longtail recipes`.
 */
const dataSets = [
  { name: "cifar100-lt", kind: "cifar100", imbalance: 100, hard: 30, reported: "53.3 / 54.2 %" },
  {
    name: "cifar100-lt50",
    kind: "cifar100",
    imbalance: 50,
    hard: 30,
    reported: "56.8 / 58.2 % (58.2 from memory)",
  },
  { name: "cifar10-lt", kind: "cifar10", imbalance: 100, hard: 3, reported: "84.7 / 85.5 % (from memory)" },
  { name: "cifar10-lt50", kind: "cifar10", imbalance: 50, hard: 3, reported: "86.8 / 87.3 % (from memory)" },
] as const;

type DataSet = (typeof dataSets)[number];

interface Variant {
  readonly name: string;
  readonly title: string;
  readonly images: Preparation;
  readonly method: (data: DataSet) => RecipeInput["method"];
  readonly citation: (data: DataSet) => string;
}

const variants: readonly Variant[] = [
  {
    name: "ncl",
    title: "NCL, 3 x ResNet-32",
    images: smallImages,
    method: ({ hard }) => ({ kind: "ncl", experts: 3, hardCategories: hard, ...parity.method }),
    citation: ({ reported }) =>
      `Li et al., CVPR 2022: one expert / ensemble ${reported} with AutoAugment, Cutout and the contrastive branch`,
  },
  {
    name: "ncl-contrastive",
    title: "NCL with the contrastive branch, 3 x ResNet-32",
    images: smallImagesInTwoViews,
    method: ({ hard }) => ({
      kind: "ncl",
      experts: 3,
      hardCategories: hard,
      ...parity.method,
      contrastive: { queue: 1024, dimension: 64, temperature: 0.2, ...parity.contrastive },
    }),
    citation: ({ reported }) =>
      `Li et al., CVPR 2022: one expert / ensemble ${reported} with AutoAugment and Cutout`,
  },
  {
    name: "ncl-plus-plus",
    title: "NCL++, 2 x ResNet-32, 4 copies of each image",
    images: smallImages,
    method: ({ hard }) => ({
      kind: "ncl-plus-plus",
      experts: 2,
      augmentations: 4,
      hardCategories: hard,
      ...parity.method,
    }),
    citation: () => "Tan et al., NCL++, arXiv 2306.16709: its numbers are not quoted here",
  },
  {
    name: "balanced-softmax",
    title: "balanced softmax, ResNet-32",
    images: smallImages,
    method: () => ({ kind: "balanced-softmax" }),
    citation: () => "Ren et al., NeurIPS 2020, on the images and the schedule of NCL",
  },
  {
    name: "distill",
    title: "one ResNet-32 that learns from NCL's three",
    images: smallImages,
    method: ({ name }) => ({ kind: "distill", teacher: `runs/${name}-ncl` }),
    citation: () =>
      "Hinton et al., 2015, with balanced answers and labels, on the images and the schedule of NCL",
  },
  {
    name: "ce",
    title: "cross-entropy, ResNet-32",
    images: smallImages,
    method: () => ({ kind: "cross-entropy" }),
    citation: () => "none: what NCL is compared with, on its images and its schedule",
  },
];

export const cifarRecipes: readonly RecipeInput[] = dataSets.flatMap((data) =>
  variants.map((variant) => recipe(data, variant)),
);

function recipe(data: DataSet, { name, title, images, method, citation }: Variant): RecipeInput {
  const { kind, imbalance } = data;
  const task = kind === "cifar10" ? "CIFAR-10-LT" : "CIFAR-100-LT";
  return defineRecipe({
    name: `${data.name}-${name}`,
    description: `${title}, ${task} (imbalance ${imbalance}), 400 epochs`,
    citation: citation(data),
    epochs: 400,
    data: { kind, imbalance, batch: 64, ...images, ...parity.data },
    backbone: "resnet32",
    method: method(data),
    optimizer: { kind: "sgd", lr: 0.1 },
    schedule: { kind: "multistep", milestones: [320, 360], warmupEpochs: 5 },
    evaluation: parity.evaluation,
    selection: parity.selection,
  });
}
