import { defineRecipe } from "../define.js";

/**
 * NCL on CIFAR-10-LT, imbalance 100.
 * Run: longtail train cifar10-lt-ncl --data FOLDER (the binary version of CIFAR-10).
 * Reference: cifar10_im100_NCL.yaml of Li et al., CVPR 2022, with AutoAugment and Cutout.
 * hardCategories: 30 % of the classes, as in the paper's other recipes.
 * AutoAugment and Cutout are not part of it yet: crop and flip only.
 * Measured: not yet.
 */
export default defineRecipe({
  name: "cifar10-lt-ncl",
  description: "NCL, CIFAR-10-LT (imbalance 100), 3 x ResNet-32, 400 epochs",
  epochs: 400,
  data: {
    kind: "cifar10",
    imbalance: 100,
    imageSize: 32,
    batch: 64,
    train: [{ kind: "random-crop", size: 32, padding: 4 }, { kind: "horizontal-flip" }],
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.2023, 0.1994, 0.201],
  },
  backbone: "resnet32",
  method: { kind: "ncl", experts: 3, hardCategories: 3 },
  optimizer: { kind: "sgd", lr: 0.1 },
  schedule: { kind: "multistep", at: [320, 360], warmupEpochs: 5 },
});
