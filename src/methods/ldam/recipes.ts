import { smallImages } from "../../recipes/built-in/images.js";
import { defineRecipe } from "../../recipes/define.js";
import type { RecipeInput } from "../../recipes/schema.js";

/**
 * LDAM-DRW on CIFAR-100-LT and CIFAR-10-LT (imbalance 100).
 * Run: longtail train cifar100-lt-ldam-drw --data FOLDER (the binary version of CIFAR).
 * Settings: Bag of Tricks (Zhang et al., AAAI 2021): crop and flip alone, 200 epochs, rates x 0.01 after 160 and 180; the
 *   class-balanced weights apply from epoch 160 on, too, counted from 1: after 159. They report the best epoch on the test images.
 * Reported there: CIFAR-100-LT 42.47 %.
 */
const dataSets = [
  { name: "cifar100-lt", kind: "cifar100", task: "CIFAR-100-LT", reported: ": 42.47 %" },
  { name: "cifar10-lt", kind: "cifar10", task: "CIFAR-10-LT", reported: "" },
] as const;

export const ldamRecipes: readonly RecipeInput[] = dataSets.map(({ name, kind, task, reported }) =>
  defineRecipe({
    name: `${name}-ldam-drw`,
    description: `LDAM-DRW, ResNet-32, ${task} (imbalance 100), 200 epochs`,
    citation: `Cao et al., NeurIPS 2019, with the settings of Zhang et al., AAAI 2021${reported}`,
    epochs: 200,
    data: {
      ...smallImages,
      kind,
      imbalance: 100,
      batch: 128,
      dropLast: true,
      train: [{ kind: "random-crop", size: 32, padding: 4 }, { kind: "horizontal-flip" }],
    },
    backbone: "resnet32",
    classifier: { kind: "fc-norm" },
    method: { kind: "ldam", deferUntil: 159 / 200 },
    optimizer: { kind: "sgd", lr: 0.1 },
    schedule: { kind: "multistep", milestones: [160, 180], gamma: 0.01, warmupEpochs: 5 },
    evaluation: { groups: "ncl", reportBest: true }, // groups as in the other CIFAR recipes
    selection: { kind: "last" },
  }),
);
