import { z } from "zod";
import { count, rate, share, weight } from "./numbers.js";

/** A number is drawn between two, with equal chances. */
const range = (end: z.ZodNumber) =>
  z.tuple([end, end]).refine(([low, high]) => low <= high, "two numbers, the smaller first");

const turn = z.number().min(-0.5).max(0.5);
const strength = z.union([weight, range(weight)]).default(0);

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
  z.strictObject({
    kind: z.literal("random-resized-crop"),
    size: count.describe("side of the square in pixels that the window becomes; bilinear with antialias"),
    scale: range(rate.max(1)).default([0.08, 1]).describe("share of the image's area that the window has"),
    ratio: range(rate)
      .default([3 / 4, 4 / 3])
      .describe("the window's width over its height; its logarithm is drawn with equal chances"),
  }),
  z.strictObject({
    kind: z.literal("color-jitter"),
    brightness: strength.describe(
      "factor drawn from 1 ± this, or from [low, high]; in random order with the others",
    ),
    contrast: strength.describe("the same for the distance from the mean grey level"),
    saturation: strength.describe("the same for the distance from each pixel's grey level"),
    hue: z
      .union([share.max(0.5), range(turn)])
      .default(0)
      .describe("part of a turn around the color circle, drawn from ± this, or from [low, high]"),
    p: share.default(1).describe("probability that there is any of it"),
  }),
  z.strictObject({
    kind: z.literal("grayscale"),
    p: share.default(0.5).describe("probability that colors become grey levels"),
  }),
  z.strictObject({
    kind: z.literal("gaussian-blur"),
    sigma: range(weight).default([0.1, 2]).describe("standard deviation in pixels"),
    p: share.default(0.5).describe("probability of a blur"),
  }),
]);
