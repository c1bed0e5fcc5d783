/** The recipe of the golden reference checkpoint: two ResNet-32, ten classes, three of 400 epochs done. */
import type { ResolvedRecipe } from "../recipes/schema.js";
import { toyRecipe, writeToyData } from "./toy.fixture.js";

export const TEN_CLASSES = Array.from({ length: 10 }, (_, c) => `class ${c}`);

/** Ten classes of toy images, 3 to train on of each. */
export function writeTenClasses(root: string): void {
  writeToyData(root, Object.fromEntries(TEN_CLASSES.map((name) => [name, 3])));
}

export function referenceRecipe(root: string, changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe {
  return toyRecipe(root, {
    epochs: 4,
    backbone: "resnet32",
    optimizer: {
      kind: "sgd",
      lr: 0.1,
      momentum: 0.9,
      nesterov: true,
      weightDecay: 2e-4,
      accumulate: 1,
      clipNorm: null,
      backboneLr: 1,
      layerDecay: 1,
    },
    schedule: { kind: "multistep", milestones: [320, 360], gamma: 0.1, warmupEpochs: 5, warmupSteps: 0 },
    ...changes,
  });
}
