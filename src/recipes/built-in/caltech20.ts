import { defineRecipe } from "../define.js";
import type { RecipeInput } from "../schema.js";

/**
 * Caltech-20-LT, the photographs embedded in examples/caltech20-lt: NCL and, in its place, plain cross-entropy.
 * Run: longtail quickstart, or longtail train caltech20-lt-ncl --data examples/caltech20-lt
 * Reference: none; a short schedule of our own for two cores.
 * Measured: recipes/measured.json, shown by `longtail recipes`.
 *   The rate is the best of 0.02, 0.05 and 0.1 (60.8, 67.3, 66.5 all) for NCL's ensemble over 30 epochs at seed 0.
 */
const shared = {
  citation: "none: a short schedule of our own",
  epochs: 25,
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
  optimizer: { kind: "sgd", lr: 0.05, clipNorm: 5 },
  schedule: { kind: "cosine", end: 0.0005, warmupSteps: 50 },
  evaluation: { every: 10 },
  selection: { kind: "last" }, // a class has as few as five training images: too few to hold one out
} satisfies Partial<RecipeInput>;

export const caltech20Ncl = defineRecipe({
  ...shared,
  name: "caltech20-lt-ncl",
  description: "NCL, Caltech-20-LT (embedded, 32 px), 3 x ResNet-8, minutes on a CPU",
  method: { kind: "ncl", experts: 3, hardCategories: 6 },
});

export const caltech20Ce = defineRecipe({
  ...shared,
  name: "caltech20-lt-ce",
  description: "Plain cross-entropy, Caltech-20-LT (embedded, 32 px), ResNet-8, minutes on a CPU",
  method: { kind: "cross-entropy" },
});
