import { z } from "zod";
import { rate, share } from "../../recipes/numbers.js";
import { ensembleKeys } from "../ensemble/schema.js";

export const LdamSchema = z.strictObject({
  kind: z.literal("ldam"),
  ...ensembleKeys(1),
  maxMargin: rate.default(0.5).describe("margin of the smallest class, in cosine; it falls with n^(1/4)"),
  scale: rate.default(30).describe("factor of the cosine between features and class weights (s)"),
  weighting: z
    .enum(["deferred", "none"])
    .default("deferred")
    .describe("deferred: class-balanced weights late in the training (DRW); none: all classes count alike"),
  beta: share
    .max(0.999999)
    .default(0.9999)
    .describe("of the class-balanced weights (1 - beta) / (1 - beta^n): 0 weighs all classes alike"),
  deferUntil: share
    .default(0.8)
    .describe("fraction of the epochs, rounded down, that pass before the weights apply"),
  deferUntilEpoch: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe("epochs that pass before the weights apply; null: by deferUntil"),
});
