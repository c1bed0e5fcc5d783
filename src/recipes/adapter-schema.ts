import { z } from "zod";
import { count, rate } from "./numbers.js";

/** Small layers that train in place of a pretrained network. */
export const Adapter = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("lora"),
      rank: count.default(8).describe("rank r of the updates"),
      alpha: rate.default(8).describe("the updates are scaled by alpha / rank"),
      targets: z
        .array(z.enum(["q", "k", "v", "proj", "fc1", "fc2"]))
        .min(1)
        .refine((targets) => new Set(targets).size === targets.length, "different targets")
        .default(["q", "v"])
        .describe(
          "what has updates in each block: queries, keys, values, the projection behind them, the two layers of the MLP; of a " +
            "ConvNeXt fc1 and fc2 alone",
        ),
    })
    .describe(
      "low-rank updates of linear layers (Hu et al., ICLR 2022), for vision transformers and ConvNeXts; an export has them in " +
        "the layers' own weights",
    ),
  z
    .strictObject({
      kind: z.literal("adaptformer"),
      dim: count.default(64).describe("values in the bottleneck"),
      scale: rate.default(0.1).describe("factor of its output; the paper's is 0.1, LIFT's starts at 1"),
      learnScale: z.boolean().default(false).describe("whether the factor trains, as in LIFT"),
      init: z
        .enum(["uniform", "normal"])
        .default("uniform")
        .describe("distribution that its first layer starts from, of the same variance; LIFT's is normal"),
    })
    .describe(
      "a bottleneck beside the MLP of each block (Chen et al., NeurIPS 2022), for vision transformers",
    ),
]);
