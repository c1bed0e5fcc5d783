import { z } from "zod";

/**
 * What a training is made of. Every key, its meaning, its range and its default are here and nowhere else; a
 * resolved recipe has all of them filled in and is stored in the run's folder as recipe.json.
 */

const count = z.int().positive();
const rate = z.number().positive();
const share = z.number().min(0).max(1);
const weight = z.number().min(0);
const perChannel = z.tuple([z.number(), z.number(), z.number()]);

const Transform = z.discriminatedUnion("kind", [
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

const Data = z.strictObject({
  kind: z.enum(["cifar10", "cifar100", "image-folder"]).describe("format of the data folder"),
  root: z
    .string()
    .nullable()
    .default(null)
    .describe("the data folder (--data); none in the built-in recipes"),
  imbalance: z
    .number()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      "largest class over smallest of an exponential subset of balanced training data (Cui et al. 2019); " +
        "null takes everything, and data that is long-tailed already is left as it is",
    ),
  imageSize: count.describe("side in pixels of the square that the network sees"),
  batch: count.default(64).describe("images per training step; optimizer.accumulate cuts it in parts"),
  dropLast: z
    .boolean()
    .default(false)
    .describe("leave out an epoch's last, smaller batch, as the reference does; by default no image is lost"),
  train: z.array(Transform).default([]).describe("what is done to each training image, in order"),
  test: z.array(Transform).default([]).describe("what is done to each test image, in order"),
  mean: perChannel
    .default([0.485, 0.456, 0.406])
    .describe("subtracted from red, green, blue (of values scaled to 0..1); ImageNet's by default"),
  std: perChannel.default([0.229, 0.224, 0.225]).describe("then red, green, blue are divided by these"),
  workers: z.int().min(0).default(0).describe("threads that decode and transform images; 0 chooses"),
});

const Backbone = z.enum([
  "resnet8",
  "resnet14",
  "resnet20",
  "resnet32",
  "resnet44",
  "resnet56",
  "resnet110",
  "resnet10",
  "resnet18",
  "resnet50",
  "resnet101",
  "resnet152",
  "resnext50-32x4d",
  "resnext101-32x4d",
]);

const bias = z.boolean().default(true).describe("whether each class has a number added to its logit");

const Classifier = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("fc"), bias }).describe("a linear layer"),
  z.strictObject({ kind: z.literal("fc-norm") }).describe("cosine similarity alone (FCNorm)"),
  z
    .strictObject({
      kind: z.literal("cosine"),
      scale: rate.default(16).describe("factor of the cosine between features and class weights"),
      bias,
    })
    .describe("cosine similarity, scaled, plus a bias"),
]);

const Pretrained = z.strictObject({
  file: z.string().min(1).describe("a .safetensors or .pth file, from the working folder"),
  part: z
    .enum(["backbone", "all"])
    .default("backbone")
    .describe("backbone: of one network into every expert, or of experts into experts; all: the whole model"),
});

const experts = (number: number) => count.default(number).describe("networks trained side by side");

const CrossEntropy = z.strictObject({
  kind: z.literal("cross-entropy"),
  experts: experts(1),
  labelSmoothing: share.default(0).describe("share of the target spread evenly over all classes"),
});

const BalancedSoftmax = z.strictObject({ kind: z.literal("balanced-softmax"), experts: experts(1) });

const Ncl = z.strictObject({
  kind: z.literal("ncl"),
  experts: experts(3),
  hardCategories: count
    .default(30)
    .describe("classes per image in the hard-category terms, the target among them"),
  crossEntropy: weight
    .default(1)
    .describe("weight of the balanced cross-entropy over all classes (CE_RATIO)"),
  hard: weight.default(1).describe("weight of the cross-entropy over the hard classes (HCM_RATIO)"),
  distillation: weight.default(0.6).describe("weight of the mutual distillation (DIVERSITY_FACTOR)"),
  hardDistillation: weight
    .default(0.6)
    .describe("weight of the mutual distillation over the hard classes (DIVERSITY_FACTOR_HCM)"),
  mask: z
    .enum(["first", "own", "mean"])
    .default("first")
    .describe(
      "whose raw logits choose the hard classes: the first expert's for all (the reference and the default, which " +
        "its numbers rest on), each its own, or the mean of all",
    ),
  nonHard: z
    .enum(["zeroed", "removed"])
    .default("zeroed")
    .describe(
      "logits of the other classes: set to 0, so that each still adds 1 to the softmax's sum (the reference and the " +
        "default), or left out of the softmax",
    ),
  logEpsilon: weight
    .default(0)
    .describe(
      "added to probabilities before their log: 1e-9 in the reference (parity), which vanishes in half precision; by " +
        "default the log is exact",
    ),
});

const Method = z.discriminatedUnion("kind", [CrossEntropy, BalancedSoftmax, Ncl]);

const Optimizer = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("sgd"),
    lr: rate.describe("base learning rate"),
    momentum: share.default(0.9),
    nesterov: z.boolean().default(true).describe("hard-coded in the reference"),
    weightDecay: weight.default(2e-4).describe("on every parameter, as in the reference"),
    accumulate: count
      .default(1)
      .describe(
        "parts that a batch is cut into, one after the other, so that it fits the memory; the gradient is the " +
          "batch's, but batch norm sees a part at a time",
      ),
    clipNorm: rate.nullable().default(null).describe("largest norm of the whole gradient; null never clips"),
  }),
]);

const warmup = {
  warmupEpochs: z
    .int()
    .min(0)
    .default(0)
    .describe("the reference's warm-up: factor 1/3 + 2/3 · epoch / warmupEpochs"),
  warmupSteps: z.int().min(0).default(0).describe("step s, from 1, has s / warmupSteps of the rate"),
};

const Schedule = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("multistep"),
    at: z.array(count).describe("epochs at which the rate drops"),
    factor: rate.default(0.1).describe("the rate is multiplied by this at each drop"),
    ...warmup,
  }),
  z.strictObject({
    kind: z.literal("cosine"),
    end: weight.default(0).describe("rate of the last epoch"),
    ...warmup,
  }),
  z.strictObject({ kind: z.literal("constant"), ...warmup }),
]);

const Evaluation = z.strictObject({
  every: count.default(5).describe("epochs between evaluations; the last epoch always has one"),
  batch: count.default(256).describe("images per evaluation batch"),
  groups: z
    .enum(["field", "reference"])
    .default("field")
    .describe(
      "many / few by training images: > 100 / < 20 as in the field, so that results compare (the default), or " +
        ">= 100 / <= 20 as in the reference (parity)",
    ),
});

export const Recipe = z.strictObject({
  name: z.string().min(1).describe("the recipe's name; a run without --out lies in runs/NAME"),
  description: z.string().default("").describe("one line for people"),
  reference: z.string().default("").describe("where the recipe is from, what was reported and what measured"),
  seed: z.int().min(0).default(0).describe("of every random choice (--seed)"),
  epochs: count.describe("passes over the training images"),
  data: Data,
  backbone: Backbone.describe(
    "the network of each expert; resnet8 to 56 and 110 are for small images, the others for large ones",
  ),
  classifier: Classifier.prefault({ kind: "fc" }),
  dropout: share
    .default(0)
    .describe("probability that a feature does not reach the classifier (the reference's is 0.5)"),
  freezeBackbone: z
    .boolean()
    .default(false)
    .describe("train the classifiers alone; batch norm goes on following the batches, as in the reference"),
  pretrained: Pretrained.nullable().default(null).describe("weights to start from; null: random ones"),
  method: Method,
  optimizer: Optimizer,
  schedule: Schedule,
  evaluation: Evaluation.prefault({}),
  precision: z.enum(["float32", "bfloat16"]).default("float32").describe("bfloat16: mixed precision"),
  memoryFormat: z
    .enum(["channels_last", "contiguous"])
    .default("channels_last")
    .describe("order of an image's values in memory; channels_last is faster"),
  deterministic: z
    .boolean()
    .default(true)
    .describe("use only algorithms that give the same result every time"),
});

/** A recipe as it is written: whatever has a default may be left out. */
export type RecipeInput = z.input<typeof Recipe>;
/** A recipe with every default filled in. */
export type ResolvedRecipe = z.output<typeof Recipe>;
export type TransformSpec = ResolvedRecipe["data"]["train"][number];
