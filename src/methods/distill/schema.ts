import { z } from "zod";
import { rate, share, weight } from "../../recipes/numbers.js";
import { ensembleKeys } from "../ensemble/schema.js";

export const DistillSchema = z.strictObject({
  kind: z.literal("distill"),
  ...ensembleKeys(1),
  teacher: z.string().min(1).describe("the trained run to learn from: its folder, or one of its checkpoints"),
  temperature: rate
    .default(1)
    .describe("divides teacher's and student's logits in the comparison of their answers (T)"),
  labels: share
    .default(0.5)
    .describe("weight of the labels, by balanced softmax; the teacher's answers have the rest, to 1"),
  features: weight
    .default(0)
    .describe(
      "weight of the similarities between the batch's images, by teacher's and student's features; 0: answers alone",
    ),
});
