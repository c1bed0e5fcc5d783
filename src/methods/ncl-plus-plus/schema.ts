import { z } from "zod";
import { count, weight } from "../../recipes/numbers.js";
import { ensembleKeys, nestedKeys } from "../ensemble/schema.js";

export const NclPlusPlusSchema = z.strictObject({
  kind: z.literal("ncl-plus-plus"),
  ...ensembleKeys(2),
  augmentations: count
    .default(4)
    .describe("of each training image, each changed at random by data.train (INTRA_N)"),
  ...nestedKeys,
  distillation: weight
    .default(0.6)
    .describe(
      "weight of the distillation between experts and between augmentations (DIVERSITY_FACTOR; DIVERSITY_FACTOR_HCM has " +
        "no effect in the reference either)",
    ),
});
