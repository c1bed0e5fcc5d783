import { z } from "zod";
import { rate, share } from "./numbers.js";

const alpha = rate
  .default(1)
  .describe(
    "the share that images keep is drawn from Beta(alpha, alpha), one for a batch; the smaller, the nearer 0 or 1",
  );
const p = share.default(1).describe("probability that a batch is mixed");

/**
 * Images that show two things: Zhang et al., "mixup", ICLR 2018; Yun et al., "CutMix", ICCV 2019. Not for NCL's methods,
 * whose hard categories need one target an image.
 */
export const Mix = z.discriminatedUnion("kind", [
  z
    .strictObject({ kind: z.literal("mixup"), alpha, p })
    .describe("images and labels are added up, by their shares"),
  z
    .strictObject({ kind: z.literal("cutmix"), alpha, p })
    .describe("a box of one image is pasted into another"),
]);
