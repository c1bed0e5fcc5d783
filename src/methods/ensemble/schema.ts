/** Keys that methods share. Zod alone: recipes are checked without libtorch. */
import { z } from "zod";
import { count, weight } from "../../recipes/numbers.js";

/** Keys that every method has. */
export interface EnsembleKeys {
  readonly experts: z.ZodDefault<z.ZodInt>;
  readonly sharedStages: z.ZodDefault<z.ZodInt>;
}

/** Keys of every method: its model is an ensemble. `experts`: how many there are unless a recipe says it. */
export const ensembleKeys = (experts: number): EnsembleKeys => ({
  experts: count.default(experts).describe("networks trained side by side"),
  sharedStages: z
    .int()
    .min(0)
    .default(0)
    .describe(
      "stages that all experts have in common, counted from the input, with the stem: fewer than the backbone has (3 for " +
        "small images, 4 for large ones); 0: each expert is a network of its own",
    ),
});

/** Keys that NCL and NCL++ have in common. */
export const nestedKeys = {
  hardCategories: count
    .default(30)
    .describe("classes per image in the hard-category terms, the target among them (HCM_N)"),
  crossEntropy: weight
    .default(1)
    .describe("weight of the balanced cross-entropy over all classes (CE_RATIO)"),
  hardCrossEntropy: weight
    .default(1)
    .describe("weight of the cross-entropy over the hard classes (HCM_RATIO)"),
  hardCategorySource: z
    .enum(["first", "own", "mean"])
    .default("first")
    .describe(
      "whose raw logits choose the hard classes: the first expert's for all (the reference and the default, which " +
        "its numbers rest on), each its own, or the mean of all",
    ),
  otherLogits: z
    .enum(["zeroed", "removed"])
    .default("zeroed")
    .describe(
      "logits of the other classes: set to 0, so that each still adds 1 to the softmax's sum (the reference and the " +
        "default), or left out of the softmax",
    ),
  logEpsilon: weight
    .default(0)
    .describe(
      "added to probabilities before their log: 1e-9 in the reference (parity), which vanishes in half precision; by " +
        "default the log is exact",
    ),
};
