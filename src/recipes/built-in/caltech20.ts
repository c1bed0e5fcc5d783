import { defineRecipe } from "../define.js";
import type { RecipeInput } from "../schema.js";

/**
 * Caltech-20-LT, the photographs embedded in examples/caltech20-lt: NCL, balanced softmax with one and three networks, and
 * plain cross-entropy, which differ in the method and the learning rate alone.
 * Run: longtail quickstart, or longtail train caltech20-lt-ncl --data examples/caltech20-lt
 * Reference: none; a short schedule of our own for two cores.
 * Measured: recipes/measured.json, shown by `longtail recipes`. Each learning rate is the best of several on training images
 *   held out for the choice (`npm run bench:quickstart`), never on test images.
 */
const shared = {
  citation: "none: a short schedule of our own",
  epochs: 20,
  data: {
    kind: "image-folder",
    imageSize: 32,
    batch: 32,
    train: [{ kind: "resize", size: 40 }, { kind: "random-crop", size: 32 }, { kind: "horizontal-flip" }],
    test: [
      { kind: "resize", size: 40 },
      { kind: "center-crop", size: 32 },
    ],
  },
  backbone: "resnet8",
  schedule: { kind: "cosine", end: 0.0005, warmupSteps: 50 },
  evaluation: { every: 10 },
  selection: { kind: "last" }, // a class has as few as five training images: too few to hold one out
} satisfies Partial<RecipeInput>;

const sgd = (lr: number) => ({ kind: "sgd", lr, clipNorm: 5 }) satisfies RecipeInput["optimizer"];

export const caltech20Ncl = defineRecipe({
  ...shared,
  name: "caltech20-lt-ncl",
  description: "NCL, Caltech-20-LT (embedded, 32 px), 3 x ResNet-8, minutes on a CPU",
  method: { kind: "ncl", experts: 3, hardCategories: 6 },
  optimizer: sgd(0.05),
});

export const caltech20Ce = defineRecipe({
  ...shared,
  name: "caltech20-lt-ce",
  description: "Plain cross-entropy, Caltech-20-LT (embedded, 32 px), ResNet-8, minutes on a CPU",
  method: { kind: "cross-entropy" },
  optimizer: sgd(0.2),
});

export const caltech20BalancedSoftmax = defineRecipe({
  ...shared,
  name: "caltech20-lt-balanced-softmax",
  description: "Balanced softmax, Caltech-20-LT (embedded, 32 px), ResNet-8, minutes on a CPU",
  method: { kind: "balanced-softmax" },
  optimizer: sgd(0.2),
});

export const caltech20BalancedSoftmax3 = defineRecipe({
  ...shared,
  name: "caltech20-lt-balanced-softmax-3",
  description: "Balanced softmax, Caltech-20-LT (embedded, 32 px), mean of 3 x ResNet-8, minutes on a CPU",
  method: { kind: "balanced-softmax", experts: 3 },
  optimizer: sgd(0.2),
});

/**
 * The same photographs enlarged to 224 pixels, on a frozen network that was trained on ImageNet: balanced softmax on its
 * features, the classifier that `longtail fit` begins with.
 */
export const caltech20Pretrained = defineRecipe({
  name: "caltech20-lt-pretrained",
  description:
    "Balanced softmax on a frozen EfficientNet-Lite0, Caltech-20-LT (embedded, enlarged), a minute on a CPU",
  citation: "none: a short schedule of our own",
  epochs: 60,
  data: { kind: "image-folder", imageSize: 224, batch: 128 },
  backbone: "efficientnet-lite0",
  pretrained: { weights: "efficientnet-lite0" },
  freezeBackbone: true,
  freezeBatchNorm: true,
  method: { kind: "balanced-softmax" },
  optimizer: { kind: "sgd", lr: 0.05, weightDecay: 5e-4 },
  schedule: { kind: "cosine" },
  evaluation: { every: 60 },
  checkpoints: { epochs: 60 },
  selection: { kind: "last" },
});
