import { defineRecipe } from "../define.js";

/**
 * NCL on CIFAR-100-LT, imbalance 100.
 * Run: longtail train cifar100-lt-ncl --data FOLDER (the binary version of CIFAR-100).
 * Reference: cifar100_im100_NCL.yaml of Li et al., CVPR 2022: 54.2 % (ensemble), with AutoAugment and Cutout;
 *   47.9 % (single) and 49.2 % (ensemble) with crop and flip only.
 * AutoAugment and Cutout are not part of it yet: crop and flip only.
 * Measured: not yet.
 */
export default defineRecipe({
  name: "cifar100-lt-ncl",
  description: "NCL, CIFAR-100-LT (imbalance 100), 3 x ResNet-32, 400 epochs",
  epochs: 400,
  data: {
    kind: "cifar100",
    imbalance: 100,
    imageSize: 32,
    batch: 64,
    train: [{ kind: "random-crop", size: 32, padding: 4 }, { kind: "horizontal-flip" }],
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.2023, 0.1994, 0.201],
  },
  backbone: "resnet32",
  method: { kind: "ncl", experts: 3, hardCategories: 30 },
  optimizer: { kind: "sgd", lr: 0.1 },
  schedule: { kind: "multistep", at: [320, 360], warmupEpochs: 5 },
});
