import { defineRecipe } from "../define.js";

/**
 * NCL on Caltech-20-LT, the photographs embedded in examples/caltech20-lt.
 * Run: longtail train caltech20-lt-ncl --data examples/caltech20-lt
 * Reference: none; our own short schedule for two cores.
 * Measured: 63.1 ± 1.0 all, 42.1 ± 1.9 few (ensemble); mean and deviation of seeds 0 to 2 after the last epoch, 2 threads, by
 * `longtail quickstart --seed N`. The rate: the best of 0.02, 0.05 and 0.1 over 30 epochs for NCL's ensemble at seed 0.
 */
export default defineRecipe({
  name: "caltech20-lt-ncl",
  description: "NCL, Caltech-20-LT (embedded, 32 px), 3 x ResNet-8, minutes on a CPU",
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
  method: { kind: "ncl", experts: 3, hardCategories: 6 },
  optimizer: { kind: "sgd", lr: 0.05, clipNorm: 5 },
  schedule: { kind: "cosine", end: 0.0005, warmupSteps: 50 },
  evaluation: { every: 10 },
});
