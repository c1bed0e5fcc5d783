import { z } from "zod";
import { count, rate, share, weight } from "./numbers.js";

/** A number is drawn between two, with equal chances. */
const range = (end: z.ZodNumber) =>
  z.tuple([end, end]).refine(([low, high]) => low <= high, "two numbers, the smaller first");

const turn = z.number().min(-0.5).max(0.5);
const strength = z.union([weight, range(weight)]).default(0);

const byte = z.int().min(0).max(255);
const color = z.tuple([byte, byte, byte]);

export const resizeInterpolation = z
  .enum(["bilinear", "bicubic"])
  .default("bilinear")
  .describe("both with antialias; bicubic is what many pretrained networks expect");

/** An operation by name, as Pillow does it; what `value` means for each. */
const operations = {
  identity: "nothing",
  "shear-x": "slope",
  "shear-y": "slope",
  "translate-x": "share of the width",
  "translate-y": "share of the height",
  "translate-x-pixels": "pixels",
  "translate-y-pixels": "pixels",
  rotate: "degrees counterclockwise",
  brightness: "factor",
  color: "factor",
  contrast: "factor",
  sharpness: "factor",
  posterize: "bits that stay, 0 to 8",
  solarize: "lowest level that is inverted",
  "solarize-add": "what levels below 128 grow by",
  "auto-contrast": "nothing",
  equalize: "nothing",
  invert: "nothing",
} as const;
type OperationName = keyof typeof operations;
const operationNames = Object.keys(operations) as [OperationName, ...OperationName[]];

/** What can be done to an image; a pipeline is a list of these. */
export const Transform = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("resize"),
    size: count.describe("length of the shorter side in pixels"),
    interpolation: resizeInterpolation,
  }),
  z.strictObject({
    kind: z.literal("resize-exact"),
    height: count,
    width: count,
    interpolation: resizeInterpolation,
  }),
  z.strictObject({ kind: z.literal("center-crop"), size: count.describe("side of the square in pixels") }),
  z.strictObject({
    kind: z.literal("corner-crop"),
    size: count.describe("side of the square in pixels"),
    corner: z.enum(["top-left", "top-right", "bottom-left", "bottom-right"]),
  }),
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
    size: count.describe("side of the square in pixels that the window becomes"),
    interpolation: resizeInterpolation,
    scale: range(rate.max(1)).default([0.08, 1]).describe("share of the image's area that the window has"),
    ratio: range(rate)
      .default([3 / 4, 4 / 3])
      .describe("the window's width over its height; its logarithm is drawn with equal chances"),
    grows: z
      .boolean()
      .default(false)
      .describe(
        "whether the smallest share grows over the epochs, from the first number of scale to the second along a quarter of a " +
          "circle (LIFT+)",
      ),
  }),
  z.strictObject({
    kind: z.literal("color-jitter"),
    brightness: strength.describe(
      "factor drawn from 1 ± this, or from [low, high]; in random order with the others",
    ),
    contrast: strength.describe("the same for the distance from the mean gray level"),
    saturation: strength.describe("the same for the distance from each pixel's gray level"),
    hue: z
      .union([share.max(0.5), range(turn)])
      .default(0)
      .describe("part of a turn around the color circle, drawn from ± this, or from [low, high]"),
    p: share.default(1).describe("probability that there is any of it"),
  }),
  z.strictObject({
    kind: z.literal("grayscale"),
    p: share.default(0.5).describe("probability that colors become gray levels"),
  }),
  z.strictObject({
    kind: z.literal("gaussian-blur"),
    sigma: range(weight).default([0.1, 2]).describe("standard deviation in pixels"),
    p: share.default(0.5).describe("probability of a blur"),
  }),
  z.strictObject({
    kind: z.literal("auto-augment"),
    policy: z
      .enum(["cifar10", "imagenet"])
      .describe("on what data the 25 pairs of operations were found (Cubuk et al. 2019)"),
    fill: color.default([128, 128, 128]).describe("color of what geometry leaves empty"),
  }),
  z.strictObject({
    kind: z.literal("rand-augment"),
    operations: count.default(2).describe("operations that are drawn, with replacement (Cubuk et al. 2020)"),
    magnitude: z.number().min(0).max(10).default(10).describe("level of the operations, 10 the strongest"),
    magnitudeStd: weight.default(0.5).describe("standard deviation of the level, which stays within 0 to 10"),
    p: share.default(0.5).describe("probability that a drawn operation is done"),
    fill: color.default([124, 116, 104]).describe("color of what geometry leaves empty; ImageNet's mean"),
  }),
  z.strictObject({
    kind: z.literal("trivial-augment"),
    fill: color
      .default([0, 0, 0])
      .describe(
        "one operation at a random strength (Müller and Hutter 2021); color of what geometry leaves empty",
      ),
  }),
  z.strictObject({
    kind: z.literal("cutout"),
    size: count.default(16).describe("side of the black squares in pixels, cut off at the image's edges"),
    holes: count.default(1).describe("squares"),
  }),
  z.strictObject({
    kind: z.literal("operation"),
    name: z.enum(operationNames).describe("one operation, always the same"),
    value: z
      .number()
      .min(-1000)
      .max(1000)
      .describe(
        Object.entries(operations)
          .filter(([, meaning]) => meaning !== "nothing")
          .map(([name, meaning]) => `${name}: ${meaning}`)
          .join("; ") + "; 0 for the others",
      ),
    interpolation: z
      .enum(["nearest", "bilinear", "bicubic"])
      .default("nearest")
      .describe("of shears, translations and rotations"),
    fill: color.default([0, 0, 0]).describe("color of what geometry leaves empty"),
  }),
]);
