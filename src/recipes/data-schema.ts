import { z } from "zod";
import { count, perChannel, rate, share } from "./numbers.js";
import { Transform } from "./transform-schema.js";

/**
 * Which images an epoch is made of. Kang et al., ICLR 2020 (all by class), and Gupta et al., CVPR 2019 (repeat-factor);
 * fourth-root is what the reference calls weighted_square (parity).
 */
const Sampler = z
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
const Mix = z.discriminatedUnion("kind", [
  z
    .strictObject({ kind: z.literal("mixup"), alpha, p })
    .describe("images and labels are added up, by their shares"),
  z
    .strictObject({ kind: z.literal("cutmix"), alpha, p })
    .describe("a box of one image is pasted into another"),
]);

const file = z.string().min(1).nullable().default(null);

/** Where the images come from, and how they become batches. */
export const Data = z.strictObject({
  kind: z
    .enum([
      ...(["cifar10", "cifar100", "image-folder", "annotations", "list", "inaturalist"] as const),
      ...(["csv", "parquet", "webdataset"] as const),
    ])
    .describe(
      "format of the data: CIFAR as published (binary or Python version); folders of images a class; files that list " +
        "images: NCL's annotation JSON, \"path label\" lines, iNaturalist's JSON, CSV; Parquet; WebDataset's tar archives",
    ),
  root: z
    .string()
    .nullable()
    .default(null)
    .describe("the data folder (--data); none in the built-in recipes"),
  trainFile: file.describe(
    "the list of training images, Parquet files, archives or, of image folders, the folder of class folders; from the data " +
      "folder: a file, a folder or a pattern such as train-{000..146}.tar; null: what is usual and there, such as train.csv, " +
      "train*.tar or train",
  ),
  testFile: file.describe(
    "the same of the test images; null: what is usual and there: test or, without it, val, valid or validation",
  ),
  testSplit: z
    .strictObject({
      fraction: share
        .gt(0)
        .lt(1)
        .default(0.2)
        .describe(
          "test images of each class, as a share of the mean class size; a class gives a third of its images at most",
        ),
      seed: z
        .int()
        .min(0)
        .default(0)
        .describe("chooses the images; runs of other seeds have the same test images"),
      file: file.describe(
        "a run's folder, or its split.json: its test images, and all others to train on; null: chosen anew, the same ones " +
          "for the same images",
      ),
    })
    .prefault({})
    .describe("of data that has no test images: which training images are them"),
  classNames: file.describe(
    "a file of class names, from the data folder: one a line in the order of the labels, or a JSON list; null: names " +
      "that the list has, or of the images' folders",
  ),
  labels: z
    .enum(["auto", "numbers", "names"])
    .default("auto")
    .describe(
      "whether a list's labels number the classes from 0 or name them, as taxon ids do; auto: whole numbers that leave " +
        "none out number them, anything else are names, sorted",
    ),
  imageFolder: file.describe(
    "folder that a list's paths start in, from the data folder; null: the data folder or the list's",
  ),
  imageExtension: file.describe("what a list's paths lack at their end, such as .jpg; null: nothing"),
  columns: z
    .strictObject({
      image: z.string().min(1).default("image").describe("column of paths, in Parquet also of image files"),
      label: z
        .string()
        .min(1)
        .default("label")
        .describe("column, or key of WebDataset's JSON, of labels: numbers from 0, or names"),
    })
    .prefault({}),
  strict: z
    .boolean()
    .default(true)
    .describe(
      "a record that cannot be used, such as a missing file, is an error; false: it is left out and counted",
    ),
  imbalance: z
    .number()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "largest class over smallest of an exponential subset of balanced training data (Cui et al. 2019); " +
        "null takes everything, and data that is long-tailed already is left as it is",
    ),
  imbalanceSeed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe(
      "chooses the images of that subset, apart from the recipe's seed; 0: of CIFAR, the selection that the field trains " +
        "on (Cao et al. 2019)",
    ),
  imageSize: count.describe("side in pixels of the square that the network sees"),
  batch: count.default(64).describe("images per training step; optimizer.accumulate cuts it in parts"),
  dropLast: z
    .boolean()
    .default(false)
    .describe("leave out an epoch's last, smaller batch, as the reference does; by default no image is lost"),
  sampler: Sampler.prefault({ kind: "instance" }),
  train: z.array(Transform).default([]).describe("what is done to each training image, in order"),
  secondView: z
    .array(Transform)
    .nullable()
    .default(null)
    .describe(
      "what is done to a training image for its second view, the keys of method.contrastive; null: the same as for the " +
        "first (data.train), with other random numbers",
    ),
  mix: Mix.nullable()
    .default(null)
    .describe(
      "whether training images are mixed with others of their batch, and their labels with them; null: no",
    ),
  test: z.array(Transform).default([]).describe("what is done to each test image, in order"),
  mean: perChannel
    .default([0.485, 0.456, 0.406])
    .describe("subtracted from red, green, blue (of values scaled to 0..1); ImageNet's by default"),
  std: perChannel.default([0.229, 0.224, 0.225]).describe("then red, green, blue are divided by these"),
  decode: z
    .enum(["exact", "reduced"])
    .default("exact")
    .describe(
      "reduced: a JPEG that the first transforms make at least 2, 4 or 8 times smaller is decoded at that size, where " +
        "libjpeg-turbo is there and nothing is cached. Quicker for large photographs, and values change a little; exact: " +
        "they are Pillow's",
    ),
  cache: z
    .enum(["none", "memory", "disk"])
    .default("none")
    .describe(
      "keep the images decoded, after the fixed transforms (resize, center-crop, …) that data.train or data.test begins " +
        "with, in memory (once for every process) or in a file that later runs use again; 3 · height · width bytes an " +
        "image: 10,000 of 256 x 340 take 2.6 GB. Batches stay the same",
    ),
  cacheFolder: z
    .string()
    .nullable()
    .default(null)
    .describe("of data.cache=disk; null: images in $XDG_CACHE_HOME/longtail or ~/.cache/longtail"),
  workers: z
    .int()
    .min(0)
    .default(0)
    .describe(
      "threads that decode and transform images, of each process; 0 chooses, and divides the cores among processes on one machine",
    ),
});
