import { z } from "zod";
import { rate } from "./numbers.js";

/**
 * Which images an epoch is made of. Kang et al., ICLR 2020 (all by class), and Gupta et al., CVPR 2019 (repeat-factor);
 * fourth-root is what the reference calls weighted_square (parity).
 */
export const Sampler = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("instance") }),
    z.strictObject({ kind: z.literal("class-balanced") }),
    z.strictObject({ kind: z.literal("square-root") }),
    z.strictObject({ kind: z.literal("fourth-root") }),
    z.strictObject({ kind: z.literal("progressive") }),
    z.strictObject({
      kind: z.literal("repeat-factor"),
      threshold: rate
        .nullable()
        .default(null)
        .describe(
          "share of all images below which a class is repeated; null: one over the number of classes (0.001 in LVIS, " +
            "which has some 1,200)",
        ),
    }),
  ])
  .describe(
    "instance: every image once an epoch; class-balanced, square-root, fourth-root: each draw takes a class, all alike or " +
      "by that root of their images, then one of its images; progressive: from classes by their images to all alike in the " +
      "last epoch; repeat-factor: every image once, and those of a class with a share f below the threshold " +
      "√(threshold / f) times. Losses that know class counts go on using the data's",
  );
