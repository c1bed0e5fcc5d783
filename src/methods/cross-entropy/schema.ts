import { z } from "zod";
import { share } from "../../recipes/numbers.js";
import { ensembleKeys } from "../ensemble/schema.js";

export const CrossEntropySchema = z.strictObject({
  kind: z.literal("cross-entropy"),
  ...ensembleKeys(1),
  labelSmoothing: share.default(0).describe("share of the target spread evenly over all classes"),
});
