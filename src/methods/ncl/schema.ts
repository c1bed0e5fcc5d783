import { z } from "zod";
import { count, rate, share, weight } from "../../recipes/numbers.js";
import { ensembleKeys, nestedKeys } from "../ensemble/schema.js";

const Contrastive = z
  .strictObject({
    weight: weight.default(1).describe("of the contrastive loss, summed over the experts (CON_RATIO)"),
    queue: count.default(1024).describe("keys that are remembered; at least data.batch (MOCO_K)"),
    dimension: count.default(64).describe("length of queries and keys (MOCO_DIM)"),
    projectionBias: z
      .boolean()
      .default(true)
      .describe("whether the projections' layers have biases (CLASSIFIER.BIAS)"),
    temperature: rate.default(0.2).describe("divides the cosine of query and key (MOCO_T)"),
    momentum: share
      .default(0.999)
      .describe("what a key encoder keeps of itself at each step; the rest is its expert's (MA_MODEL_ALPHA)"),
    keyProjection: z
      .enum(["frozen", "ema"])
      .default("frozen")
      .describe(
        "frozen: the keys' projection stays as it starts, at random, and the key encoder starts at random too (the " +
          "reference and the default, which its numbers rest on); ema: both start as copies and follow their expert, " +
          "as in MoCo",
      ),
  })
  .describe("also trains each expert to match an image's two views among other images (MoCo)");

export const NclSchema = z.strictObject({
  kind: z.literal("ncl"),
  ...ensembleKeys(3),
  ...nestedKeys,
  distillation: weight.default(0.6).describe("weight of the mutual distillation (DIVERSITY_FACTOR)"),
  hardDistillation: weight
    .default(0.6)
    .describe("weight of the mutual distillation over the hard classes (DIVERSITY_FACTOR_HCM)"),
  contrastive: Contrastive.nullable().default(null).describe("null: no contrastive loss"),
});
