import { basename, resolve } from "node:path";
import { resolveRecipe } from "../recipes/resolve.js";
import type { RecipeInput, ResolvedRecipe } from "../recipes/schema.js";
import { detectKind } from "../data/detect-kind.js";
import { coresHere } from "../support/cores.js";
import { DataError } from "../support/errors.js";
import type { Json } from "../support/json.js";
import { maxOf, minOf } from "../support/math.js";
import { formatSeconds } from "../support/units.js";
import type { CacheListener } from "../data/cache/report.js";
import { EfficientNetLite } from "../models/efficientnet-lite.js";
import { noGrad } from "../torch/autograd.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { splitHeldOut } from "../training/loaders.js";
import { dataNotes, dataWarnings, openTrainingData, type TrainingData } from "../training/training-data.js";
import { WEIGHTS } from "../weights/registry.js";

/** Classifiers on the features of a frozen network. The first is what people train elsewhere; the others know the counts. */
export const HEADS = ["plain", "corrected", "corrected-cosine"] as const;
export type Head = (typeof HEADS)[number];

const DESCRIPTIONS: Readonly<Record<Head, string>> = {
  plain: "a linear classifier by cross-entropy",
  corrected: "a linear classifier corrected for the class counts (balanced softmax)",
  "corrected-cosine": "a cosine classifier corrected for the class counts (balanced softmax)",
};

/** Learning rates are those of a linear and a cosine classifier on such features, decided beforehand on other data. */
const KEYS: Readonly<Record<Head, Pick<RecipeInput, "method" | "classifier" | "optimizer">>> = {
  plain: { method: { kind: "cross-entropy" }, optimizer: { kind: "sgd", lr: 0.05, weightDecay: 5e-4 } },
  corrected: {
    method: { kind: "balanced-softmax" },
    optimizer: { kind: "sgd", lr: 0.05, weightDecay: 5e-4 },
  },
  "corrected-cosine": {
    method: { kind: "balanced-softmax" },
    classifier: { kind: "cosine", scale: 25, bias: false },
    optimizer: { kind: "sgd", lr: 0.5, weightDecay: 5e-4 },
  },
};

const WEIGHTS_NAME = "efficientnet-lite0";
const BATCH = 128;
/** Steps that a classifier trains for about, within these epochs. */
const STEPS = 2000;
const EPOCHS = { min: 20, max: 60 } as const;
/** Share of each class's training images that choose among classifiers. */
const HELD_OUT = 0.2;

/** Seconds of one thread: to decode and resize an image, and for a step of a classifier. Measured on 2 cores (docs/LOG.md). */
const SECONDS = { decode: 0.004, step: 0.004, start: 2 } as const;

export interface PlanOptions extends CacheListener {
  /** Share of the images to test on, where the folder has no test images; data.testSplit's default unless given. */
  readonly testFraction?: number | undefined;
  /** Minutes that it may take; without a limit unless given. */
  readonly minutes?: number | undefined;
  readonly threads?: number | undefined;
}

/** What `fit` will do with a folder of photographs. */
export interface FitPlan {
  readonly recipes: Readonly<Record<Head, ResolvedRecipe>>;
  readonly classes: number;
  readonly images: { readonly train: number; readonly test: number };
  /** What was decided about the data without being asked, for people. */
  readonly notes: readonly string[];
  /** Training images of the largest and of the smallest class. */
  readonly counts: { readonly most: number; readonly least: number };
  /** Classifiers to choose among by held-out images; a single one is taken without a choice. */
  readonly candidates: readonly [Head, ...Head[]];
  /** Images that choose; 0 where there is no choice. */
  readonly heldOut: number;
  /** Whether a plain classifier is trained to compare with. */
  readonly compares: boolean;
  /** Expected duration when nothing is cached yet. */
  readonly seconds: number;
}

/**
 * Reads a folder of photographs, counts its images and decides what to train.
 * @throws DataError for a folder that holds no images or fewer than two classes; UsageError.
 */
export async function planFit(
  photos: string,
  { testFraction, minutes, threads = coresHere(), ...listener }: PlanOptions,
): Promise<FitPlan> {
  const root = resolve(photos);
  const kind = detectKind(root) ?? "image-folder";
  const draft = recipeOf("corrected", { root, kind, epochs: 1, testFraction });
  const data = await openTrainingData(draft, listener);
  const { train, test, statistics } = data;
  const { counts, classes } = statistics;
  if (classes.length < 2)
    throw new DataError(
      `${photos}: expected two classes or more, found ${classes.length === 0 ? "none" : `one, "${classes[0]!}"`}; a class is a ` +
        "folder of images, as photos/CLASS/*.jpg.",
    );
  const epochs = Math.min(EPOCHS.max, Math.max(EPOCHS.min, Math.round((STEPS * BATCH) / train.size)));
  const recipes = Object.fromEntries(
    HEADS.map((head) => [head, recipeOf(head, { root, kind, epochs, testFraction })]),
  ) as unknown as FitPlan["recipes"];
  const features = (train.size + test.size) * (forwardSeconds() + SECONDS.decode / threads);
  const head = epochs * Math.ceil(train.size / BATCH) * SECONDS.step + SECONDS.start;
  const limit = (minutes ?? Infinity) * 60;
  const heldOut = heldOutImages(data, recipes.corrected);
  const hasTime = features + 4 * head <= limit;
  const chooses = hasTime && heldOut > 0;
  const validationUse = chooses ? null : "more --minutes let them choose among classifiers";
  for (const message of dataWarnings(data, validationUse)) listener.report?.({ type: "warning", message });
  return {
    recipes,
    classes: classes.length,
    images: { train: train.size, test: test.size },
    notes: dataNotes(data),
    counts: { most: maxOf(counts), least: minOf(counts) },
    candidates: chooses ? ["corrected", "corrected-cosine"] : ["corrected"],
    heldOut: chooses ? heldOut : 0,
    compares: hasTime,
    seconds: features + head * (hasTime ? (chooses ? 4 : 2) : 1),
  };
}

/** The recipe of a classifier that is chosen by held-out images. */
export function onHeldOut(recipe: ResolvedRecipe): ResolvedRecipe {
  return { ...recipe, selection: { kind: "held-out", fraction: HELD_OUT, seed: 0 } };
}

/** Describes a plan for people, before it is carried out. */
export function describePlan(
  photos: string,
  plan: FitPlan,
  { minutes }: Pick<PlanOptions, "minutes">,
): string {
  const { classes, images, notes, counts, candidates, heldOut, compares, seconds } = plan;
  const { description } = WEIGHTS[WEIGHTS_NAME];
  const lines = [
    `${photos}: ${images.train} training and ${images.test} test images of ${classes} classes; the largest class has ` +
      `${counts.most} training images, the smallest ${counts.least}.`,
    ...notes.map((note) => `${note[0]!.toUpperCase()}${note.slice(1)}.`),
    `Plan: keep a network pretrained on ImageNet frozen (${description}) and train ${DESCRIPTIONS.corrected} on its features.`,
  ];
  if (candidates.length > 1)
    lines.push(`${heldOut} held-out images decide between it and ${DESCRIPTIONS["corrected-cosine"]}.`);
  if (compares)
    lines.push(`For comparison, also train ${DESCRIPTIONS.plain}: it shows what the correction gains.`);
  lines.push(
    `This takes about ${formatSeconds(Math.max(5, Math.round(seconds)))}, less when features of these images are cached.`,
  );
  if (minutes !== undefined && seconds > minutes * 60)
    lines.push(`This is more than --minutes ${minutes}, but there is nothing left to skip.`);
  return lines.join("\n");
}

interface RecipeParts {
  readonly root: string;
  readonly kind: ResolvedRecipe["data"]["kind"];
  readonly epochs: number;
  readonly testFraction: number | undefined;
}

function recipeOf(head: Head, { root, kind, epochs, testFraction }: RecipeParts): ResolvedRecipe {
  const recipe: RecipeInput = {
    name: basename(root),
    description: `longtail fit: ${DESCRIPTIONS[head]} on the features of ${WEIGHTS_NAME}`,
    epochs,
    data: {
      kind,
      root,
      batch: BATCH,
      strict: false,
      imageSize: WEIGHTS[WEIGHTS_NAME].preprocessing.crop,
      ...(testFraction !== undefined && { testSplit: { fraction: testFraction } }),
    },
    backbone: WEIGHTS_NAME,
    pretrained: { weights: WEIGHTS_NAME },
    freezeBackbone: true,
    freezeBatchNorm: true,
    schedule: { kind: "cosine" },
    evaluation: { every: epochs },
    checkpoints: { epochs },
    selection: { kind: "last" },
    logs: { images: 0, everySteps: 100 },
    ...KEYS[head],
  };
  return resolveRecipe(recipe as unknown as Json, "longtail fit");
}

/** Images that there are to choose by: a validation folder's, or training images; 0 where the classes are too small. */
function heldOutImages({ train, validation }: TrainingData, recipe: ResolvedRecipe): number {
  if (validation !== null) return validation.size;
  try {
    return splitHeldOut(train, onHeldOut(recipe).selection).heldOut?.size ?? 0;
  } catch (error) {
    if (error instanceof DataError) return 0;
    throw error;
  }
}

/** Seconds that the network takes for an image on this machine as it is now. */
function forwardSeconds(): number {
  using _scope = scope();
  using _noGrad = noGrad();
  const rng = new Rng(0);
  using network = new EfficientNetLite({ rng });
  network.eval().to({ memoryFormat: "channels_last" });
  const side = WEIGHTS[WEIGHTS_NAME].preprocessing.crop;
  const images = rng.normal([8, 3, side, side]).to({ memoryFormat: "channels_last" });
  network.forward(images);
  const started = performance.now();
  network.forward(images);
  return (performance.now() - started) / 1000 / 8;
}
