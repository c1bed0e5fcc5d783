import { z } from "zod";
import { count, rate, share, weight } from "./numbers.js";

/** Keys of every optimizer. */
const optimizerKeys = {
  accumulate: count
    .default(1)
    .describe(
      "parts that a batch is cut into, one after the other, so that it fits the memory; the gradient is the " +
        "batch's, but batch norm sees a part at a time",
    ),
  clipNorm: rate.nullable().default(null).describe("largest norm of the whole gradient; null never clips"),
  backboneLr: rate
    .default(1)
    .describe("factor of the learning rate for the backbones, below 1 to fine-tune a pretrained one"),
  layerDecay: rate
    .max(1)
    .default(1)
    .describe(
      "factor of the learning rate from each part of a backbone (a stage or a block) to the one before it: layer-wise decay",
    ),
};

const adamKeys = {
  lr: rate.describe("base learning rate"),
  beta1: share.max(0.999999).default(0.9).describe("what the mean of the gradients keeps at each step"),
  beta2: share.max(0.999999).default(0.999).describe("what the mean of their squares keeps at each step"),
  eps: rate.default(1e-8).describe("added to the root of the mean square"),
  ...optimizerKeys,
};

/** How the weights are changed by their gradients. */
export const Optimizer = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("sgd"),
    lr: rate.describe("base learning rate"),
    momentum: share.default(0.9),
    nesterov: z.boolean().default(true).describe("hard-coded in the reference"),
    weightDecay: weight.default(2e-4).describe("on every parameter, as in the reference"),
    ...optimizerKeys,
  }),
  z.strictObject({
    kind: z.literal("adam"),
    weightDecay: weight.default(0).describe("on every parameter, as a part of the gradient"),
    ...adamKeys,
  }),
  z.strictObject({
    kind: z.literal("adamw"),
    weightDecay: weight.default(0.01).describe("on every parameter, apart from the gradient"),
    ...adamKeys,
  }),
]);

const warmup = {
  warmupEpochs: z
    .int()
    .min(0)
    .default(0)
    .describe("the reference's warm-up: factor 1/3 + 2/3 · epoch / warmupEpochs"),
  warmupSteps: z.int().min(0).default(0).describe("step s, from 1, has s / warmupSteps of the rate"),
};

/** How the learning rate changes over the epochs. */
export const Schedule = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("multistep"),
    milestones: z.array(count).describe("epochs at which the learning rate drops"),
    gamma: rate.default(0.1).describe("the learning rate is multiplied by this at each milestone"),
    ...warmup,
  }),
  z.strictObject({
    kind: z.literal("cosine"),
    end: weight.default(0).describe("rate of the last epoch; with every: step or epoch-from-0, after it"),
    every: z
      .enum(["epoch", "epoch-from-0", "step"])
      .default("epoch")
      .describe(
        "when the rate changes: step for trainings of few epochs; epoch-from-0 as PyTorch's CosineAnnealingLR does, whose first " +
          "epoch has the whole rate",
      ),
    ...warmup,
  }),
  z.strictObject({ kind: z.literal("constant"), ...warmup }),
]);

/** Moving averages of the weights. */
export const Ema = z.strictObject({
  decay: share
    .default(0.999)
    .describe("what an average keeps of itself at each step; the rest is the new weight"),
  warmup: z
    .boolean()
    .default(true)
    .describe(
      "step t, from 1, has a decay of (1 + t) / (10 + t) at most, so that the random start is soon forgotten",
    ),
});
