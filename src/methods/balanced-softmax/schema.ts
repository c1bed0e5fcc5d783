import { z } from "zod";
import { ensembleKeys } from "../ensemble/schema.js";

export const BalancedSoftmaxSchema = z.strictObject({
  kind: z.literal("balanced-softmax"),
  ...ensembleKeys(1),
});
