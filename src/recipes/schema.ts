import { z } from "zod";
import { Adapter } from "./adapter-schema.js";
import { Data } from "./data-schema.js";
import { builtInSchemas, methodSchemas } from "../methods/schemas.js";
import { type WeightsName, weightsNames } from "../weights/registry.js";
import { Ema, Optimizer, Schedule } from "./optimizer-schema.js";
import { resizeInterpolation } from "./transform-schema.js";
import { Phases } from "./phases.js";
import { count, rate, share } from "./numbers.js";

/** What a run writes down besides metrics.jsonl and train.log. It changes nothing in what is learned. */
const Logs = z.strictObject({
  tensorboard: z.boolean().default(true).describe("event files for TensorBoard in the run's folder"),
  csv: z.boolean().default(true).describe("epochs.csv, a row an epoch"),
  everySteps: count
    .default(10)
    .describe(
      "steps between those whose numbers TensorBoard and MLflow get; metrics.jsonl has all steps and everyone the " +
        "epochs' means",
    ),
  histogramsEvery: count
    .nullable()
    .default(10)
    .describe(
      "epochs between histograms of the weights and of their gradients in the epoch's last step; null: none",
    ),
  histogramsOf: z
    .enum(["ends", "all"])
    .default("ends")
    .describe("each expert's first convolution and classifier, or all convolutions and linear layers"),
  images: z
    .int()
    .min(0)
    .default(16)
    .describe(
      "images of the first training batch that first-batch.png shows as the network sees them; 0: none",
    ),
});

/**
 * What a training is made of. Every key, its meaning, its range and its default are here and in the schemas beside
 * this file, and nowhere else; a resolved recipe has all of them filled in and is stored in the run's folder as
 * recipe.json.
 */

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
  "resnet34",
  "resnet50",
  "resnet101",
  "resnet152",
  "resnext50-32x4d",
  "resnext101-32x4d",
  "resnext101-32x8d",
  "resnext101-64x4d",
  "efficientnet-lite0",
  "mobilenet-v3-small",
  "mobilenet-v3-large",
  "convnext-tiny",
  "convnext-small",
  "convnext-base",
  "convnext-large",
  "vit-ti16",
  "vit-s16",
  "vit-b16",
  "vit-b16-384",
  "vit-b32",
  "vit-l16",
  "clip-b32",
  "clip-b16",
  "clip-l14",
  "clip-l14-336",
  "openclip-b32",
  "openclip-b16",
  "openclip-l14",
  "dinov2-s14",
  "dinov2-b14",
  "dinov2-l14",
  "dinov2-s14-reg",
  "dinov2-b14-reg",
  "dinov2-l14-reg",
  "siglip-b16",
  "siglip-b16-384",
  "siglip-l16-256",
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
      start: z
        .enum(["random", "class-means", "text"])
        .default("random")
        .describe(
          "what a class's weights start from: random numbers, the mean of its training images' features, or what a pretrained " +
            "CLIP makes of its name",
        ),
      prompt: z
        .string()
        .refine((text) => text.includes("{}"), "a text with {} in it, where a class's name goes")
        .default("a photo of a {}.")
        .describe("with start text: the text about a class; _ in names becomes a space"),
      names: z
        .string()
        .min(1)
        .nullable()
        .default(null)
        .describe(
          "with start text: a file of words for the classes, from the data folder, one a line in the order of the labels, or a " +
            "JSON list; null: the classes' names",
        ),
    })
    .describe("cosine similarity, scaled, plus a bias"),
]);

/** Resolving a recipe puts a name in place of auto. */
const Weights = z.enum(["auto", ...weightsNames]) as unknown as z.ZodType<WeightsName, WeightsName | "auto">;

const Pretrained = z
  .strictObject({
    weights: Weights.nullable()
      .default(null)
      .describe(
        "name of published weights (`longtail weights list`), which are fetched once; backbone and the keys of data that " +
          "prepare images are theirs unless the recipe says otherwise; auto: those for the backbone",
      ),
    file: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("instead, a .safetensors or .pth file, from the working folder"),
    load: z
      .enum(["backbone", "all"])
      .default("backbone")
      .describe(
        "backbone: of one network into every expert, or of experts into experts; all: the whole model",
      ),
    key: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        'dictionary of a .pth file, or what names begin with ("model_ema"); null: the only or usual one',
      ),
    reason: z.string().optional().describe("why weights: auto chose these; longtail writes it"),
  })
  .refine(({ weights, file }) => (weights === null) !== (file === null), {
    message: "either weights, a name of `longtail weights list`, or file",
  });

const Adjustment = z
  .discriminatedUnion("kind", [
    z
      .strictObject({ kind: z.literal("none") })
      .describe("nothing: the classifiers stay as they were trained"),
    z
      .strictObject({ kind: z.literal("logit-adjustment"), tau: rate.default(1) })
      .describe("τ · log of each class's share of the training images is subtracted from its bias"),
    z
      .strictObject({ kind: z.literal("tau-normalization"), tau: rate.default(1) })
      .describe(
        "each class's row of a linear classifier, and its bias, is divided by the row's length to the power of τ",
      ),
    z
      .strictObject({
        kind: z.literal("learned-scales"),
        epochs: count.default(10).describe("passes over class-balanced training images, in batches of 512"),
        lr: rate.default(0.2).describe("learning rate, which falls to 0 as a cosine"),
      })
      .describe(
        "each class's row of a linear classifier, and its bias, is multiplied by a scale, which alone is learned on class-balanced " +
          "training images (LWS)",
      ),
  ])
  .describe("what is done to the classifiers once, after the last step");

const Method = z.discriminatedUnion("kind", builtInSchemas);

const Evaluation = z.strictObject({
  every: count.default(5).describe("epochs between evaluations; the last epoch always has one"),
  batch: count.default(256).describe("images per evaluation batch"),
  groups: z
    .enum(["field", "ncl"])
    .default("field")
    .describe(
      "many / few by training images: > 100 / < 20 as in the field, so that results compare (the default), or " +
        ">= 100 / <= 20 as in NCL's code (parity)",
    ),
  fiveCrops: z
    .strictObject({
      size: count.describe("length of the shorter side in pixels before the crops"),
      interpolation: resizeInterpolation,
    })
    .nullable()
    .default(null)
    .describe(
      "in place of data.test: the mean of the logits for an image's corners and its middle, squares of data.imageSize " +
        "(test-time ensembling); predict and exported models take data.test; null: no",
    ),
  reportBest: z
    .boolean()
    .default(false)
    .describe(
      "report besides what the reference does (parity): the best epoch's ensemble and the best single expert of any " +
        "epoch, on the test images; nothing is chosen by them",
    ),
  weights: z
    .enum(["ema", "raw"])
    .default("ema")
    .describe(
      "which weights are evaluated and used: their moving averages, where ema keeps them, or the weights themselves",
    ),
});

const Selection = z
  .discriminatedUnion("kind", [
    z
      .strictObject({
        kind: z.literal("held-out"),
        fraction: z
          .number()
          .gt(0)
          .lt(1)
          .default(0.1)
          .describe(
            "of each class's training images, rounded; a class that this would leave none gives none",
          ),
        seed: z
          .int()
          .min(0)
          .default(0)
          .describe("of the choice of images; runs of other seeds hold out the same"),
        patience: count
          .nullable()
          .default(null)
          .describe(
            "epochs without a better one after which training ends (early stopping), in the last phase, at an evaluation " +
              "(evaluation.every); null: all epochs are trained",
          ),
      })
      .describe(
        "the epoch that does best on training images held out for this; the test images are not looked at before",
      ),
    z
      .strictObject({ kind: z.literal("last") })
      .describe(
        "the last epoch: all images are trained on and nothing is chosen; evaluations show the test images",
      ),
    z
      .strictObject({ kind: z.literal("test") })
      .describe(
        "the epoch that does best on the test images, as the reference does: its numbers are too good",
      ),
  ])
  .describe("which epoch's network is the result");

const Checkpoints = z.strictObject({
  epochs: count.default(1).describe("epochs between checkpoints; the last epoch always leaves one"),
  steps: count.nullable().default(null).describe("besides, steps between checkpoints; null: none for steps"),
  minutes: rate
    .nullable()
    .default(15)
    .describe(
      "besides, minutes between checkpoints, so that little is lost of long epochs; null: none for time",
    ),
});

export const Recipe = z.strictObject({
  name: z.string().min(1).describe("the recipe's name; a run without --out lies in runs/NAME"),
  description: z.string().default("").describe("one line for people"),
  citation: z
    .string()
    .default("")
    .describe("where the recipe is from, what was reported and what was measured"),
  seed: z.int().min(0).default(0).describe("of every random choice (--seed)"),
  epochs: count.describe("passes over the training images"),
  phases: Phases,
  data: Data,
  backbone: Backbone.describe(
    "the network of each expert; resnet8 to 56 and 110 are for small images, the others for large ones; vit, clip, openclip " +
      "and dinov2 are vision transformers",
  ),
  classifier: Classifier.prefault({ kind: "fc" }),
  dropout: share
    .default(0)
    .describe("probability that a feature does not reach the classifier (the reference's is 0.5)"),
  freezeBackbone: z
    .boolean()
    .default(false)
    .describe("train the classifiers alone; batch norm goes on following the batches, as in the reference"),
  trainable: z
    .enum(["all", "last-stage", "norm", "bias"])
    .default("all")
    .describe(
      "what of the backbones trains where they are not frozen: everything; their last stage, which has the lowest resolution (of a " +
        "transformer the last block), with what follows it; scales and shifts of normalizations; biases",
    ),
  adapter: Adapter.nullable()
    .default(null)
    .describe(
      "small layers inside the backbones that train in their place, besides the classifiers; null: none",
    ),
  freezeBatchNorm: z
    .boolean()
    .default(false)
    .describe(
      "keep batch norm's running statistics and normalize by them, in training as well; with freezeBackbone, published " +
        "weights and transforms that are the same every time, features are computed once for each image and kept in the cache",
    ),
  featureViews: z
    .enum(["plain", "mirrored", "ten-crops"])
    .default("plain")
    .describe(
      "where features are computed once: views of each training image, which the epochs take in turn. plain: as data.train makes it; " +
        "mirrored: that and its mirror image; ten-crops: corners and middle, each mirrored as well. Each view costs time and disk",
    ),
  pretrained: Pretrained.nullable().default(null).describe("weights to start from; null: random ones"),
  method: Method,
  adjustment: Adjustment.prefault({ kind: "none" }),
  optimizer: Optimizer,
  schedule: Schedule,
  ema: Ema.nullable().default(null).describe("moving averages of the weights; null: none"),
  evaluation: Evaluation.prefault({}),
  selection: Selection.prefault({ kind: "held-out" }),
  checkpoints: Checkpoints.prefault({}),
  logs: Logs.prefault({}),
  precision: z
    .enum(["float32", "bfloat16", "float16"])
    .default("float32")
    .describe(
      "bfloat16, float16: mixed precision, float16 with a scaled loss; both for GPUs that are made for it",
    ),
  memoryFormat: z
    .enum(["channels_last", "contiguous"])
    .default("channels_last")
    .describe("order of an image's values in memory; channels_last is faster"),
  syncBatchNorm: z
    .boolean()
    .default(true)
    .describe(
      "where several processes train, batch norm sees the images of all, so that their number changes nothing; false: " +
        "each process sees its own",
    ),
  deterministic: z
    .boolean()
    .default(true)
    .describe("use only algorithms that give the same result every time"),
});

/** The schema of a recipe whose method may be any that is known by now, those that come from elsewhere as well. */
export function recipeSchema(): typeof Recipe {
  const schemas = methodSchemas();
  if (schemas.length === builtInSchemas.length) return Recipe;
  return Recipe.extend({ method: z.discriminatedUnion("kind", schemas) }) as unknown as typeof Recipe;
}

/**
 * A recipe as it is written: whatever has a default may be left out.
 *
 * @example
 * const recipe: RecipeInput = {
 *   name: "mine",
 *   epochs: 40,
 *   data: { kind: "image-folder", imageSize: 64 },
 *   backbone: "resnet18",
 *   method: { kind: "ncl", experts: 3, hardCategories: 10 },
 *   optimizer: { kind: "sgd", lr: 0.05 },
 *   schedule: { kind: "cosine" },
 * };
 */
export type RecipeInput = z.input<typeof Recipe>;
/**
 * A recipe with every default filled in.
 *
 * @example
 * const { epochs, optimizer }: ResolvedRecipe = await loadRecipe("cifar100-lt-ncl");
 */
export type ResolvedRecipe = z.output<typeof Recipe>;
export type TransformSpec = ResolvedRecipe["data"]["train"][number];
