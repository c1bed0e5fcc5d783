import { z } from "zod";
import { weight } from "../../recipes/numbers.js";
import { ensembleKeys } from "../ensemble/schema.js";

export const BalancedSoftmaxSchema = z.strictObject({
  kind: z.literal("balanced-softmax"),
  ...ensembleKeys(1),
  tau: weight
    .default(1)
    .describe(
      "factor of the log class counts that are added to the logits: logit adjustment's τ; 1 is balanced softmax, 0 plain " +
        "cross-entropy, more favors small classes",
    ),
});
