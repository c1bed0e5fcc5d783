import { defineRecipe } from "../define.js";
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
