import { defineRecipe } from "../define.js";

/**
 * Plain cross-entropy on CIFAR-10-LT, imbalance 100.
 * Run: longtail train cifar10-lt-ce --data FOLDER (the binary version of CIFAR-10).
 * Reference: the twin of cifar10-lt-ncl: same network, schedule and images, cross-entropy in place of NCL.
 * AutoAugment and Cutout are not part of it yet: crop and flip only.
 * Measured: not yet.
 */
export default defineRecipe({
  name: "cifar10-lt-ce",
  description: "Plain cross-entropy, CIFAR-10-LT (imbalance 100), ResNet-32, 400 epochs",
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
  method: { kind: "cross-entropy" },
  optimizer: { kind: "sgd", lr: 0.1 },
  schedule: { kind: "multistep", at: [320, 360], warmupEpochs: 5 },
});
