import { z } from "zod";
import { count, share } from "./numbers.js";

/** What can be done to an image; a pipeline is a list of these. */
export const Transform = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("resize"),
    size: count.describe("length of the shorter side in pixels; bilinear with antialias"),
  }),
  z.strictObject({ kind: z.literal("resize-exact"), height: count, width: count }),
  z.strictObject({ kind: z.literal("center-crop"), size: count.describe("side of the square in pixels") }),
  z.strictObject({
    kind: z.literal("random-crop"),
    size: count.describe("side of the square in pixels"),
    padding: z.int().min(0).default(0).describe("black pixels added on every side before the crop"),
  }),
  z.strictObject({
    kind: z.literal("horizontal-flip"),
    p: share.default(0.5).describe("probability of a flip"),
  }),
]);
