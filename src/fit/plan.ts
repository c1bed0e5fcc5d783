import { basename, resolve } from "node:path";
import { resolveRecipe } from "../recipes/resolve.js";
import type { RecipeInput, ResolvedRecipe } from "../recipes/schema.js";
import type { Dataset } from "../data/dataset.js";
import { detectKind } from "../data/detect-kind.js";
import { stratifiedSplit } from "../data/split.js";
import { coresHere } from "../support/cores.js";
import { DataError } from "../support/errors.js";
import type { Json } from "../support/json.js";
import { maxOf, minOf } from "../support/math.js";
import { formatSeconds } from "../support/units.js";
import type { CacheListener } from "../data/cache/report.js";
import { dataNotes, dataWarnings, openTrainingData, type TrainingData } from "../training/training-data.js";
import { heldOutText, STAGE_NAMES, type TuningStage } from "../runs/fit-file.js";
import { WEIGHTS } from "../weights/registry.js";
import { forwardSeconds, stepSeconds } from "./costs.js";
import { FAMILIES, type Head, type HeadFamily, PLAIN } from "./heads.js";
import { trainingsOf } from "./trials.js";
import { HELD_OUT, planTuning, tunedRecipe, type TuningPlan } from "./tune.js";
import { counted } from "../support/text.js";

const WEIGHTS_NAME = "efficientnet-lite0";
const BATCH = 128;
/** Steps that a classifier trains for about, within these epochs. */
const STEPS = 2000;
const EPOCHS = { min: 20, max: 60 } as const;

/** Seconds of one thread: to decode and resize an image, and for a step of a classifier. Measured on 2 cores (docs/LOG.md). */
const SECONDS = { decode: 0.004, step: 0.004, start: 2 } as const;

/**
 * How often held-out images are drawn to choose a classifier, where there is time: of a class of five images one is held out, which
 * weighs as much as a fifth of the largest class.
 */
const SPLITS = 3;

/** Classifiers whose time it takes to look for what would make the model better. */
const LOOKING = 2.5;

export interface PlanOptions extends CacheListener {
  /** Share of the images to test on, where the folder has no test images; data.testSplit's default unless given. */
  readonly testFraction?: number | undefined;
  /** Minutes that it may take; without a limit unless given. */
  readonly minutes?: number | undefined;
  readonly threads?: number | undefined;
}

/** What `fit` will do with a folder of photographs. */
export interface FitPlan {
  /** The recipe of a head, trained on all training images. */
  readonly recipeOf: (head: Head) => ResolvedRecipe;
  readonly classes: number;
  readonly images: { readonly train: number; readonly test: number };
  /** What was decided about the data without being asked, for people. */
  readonly notes: readonly string[];
  /** Training images of the largest and of the smallest class. */
  readonly counts: { readonly most: number; readonly least: number };
  /** Classifiers to choose among by held-out images; none where the first one is taken without a choice. */
  readonly families: readonly HeadFamily[];
  /** Images that choose; 0 where there is no choice. */
  readonly heldOut: number;
  /** How often they are drawn. */
  readonly splits: number;
  /** Whether a plain classifier is trained to compare with. */
  readonly compares: boolean;
  /** Whether it looks for what would make the model better. */
  readonly suggests: boolean;
  /** Fine-tuning in the time that is left of a limit; null where there is no limit or no time. */
  readonly tuning: TuningPlan | null;
  /** Seconds that it may take; null without a limit. */
  readonly limit: number | null;
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
  const draft = recipeFor(FAMILIES[0].heads[0], { root, kind, epochs: 1, testFraction });
  const data = await openTrainingData(draft, listener);
  const { train, test, statistics } = data;
  const { counts, classes } = statistics;
  if (classes.length < 2)
    throw new DataError(
      `${photos}: expected two classes or more, found ${classes.length === 0 ? "none" : `one, "${classes[0]!}"`}; a class is a ` +
        "folder of images, as photos/CLASS/*.jpg.",
    );
  const epochs = Math.min(EPOCHS.max, Math.max(EPOCHS.min, Math.round((STEPS * BATCH) / train.size)));
  const decode = SECONDS.decode / threads;
  const side = WEIGHTS[WEIGHTS_NAME].preprocessing.crop;
  const features = (train.size + test.size) * (forwardSeconds(side) + decode);
  const head = epochs * Math.ceil(train.size / BATCH) * SECONDS.step;
  const heldOut = heldOutImages(data);
  const left = (minutes ?? Infinity) * 60 - features - head - 2 * SECONDS.start;
  const compares = left > (1 + LOOKING) * head + SECONDS.start;
  const affordable = Math.floor(left / head - 1 - LOOKING);
  const families = heldOut > 0 && affordable > 1 ? FAMILIES.slice(0, affordable) : [];
  const splits = data.validation === null && affordable > trainingsOf(FAMILIES.length, SPLITS) ? SPLITS : 1;
  const trainings = trainingsOf(families.length, splits) + (families.length > 0 ? 1 : 0); // the chosen one once more
  const validationUse = families.length > 0 ? null : "more --minutes let them choose among classifiers";
  for (const message of dataWarnings(data, validationUse)) listener.report?.({ type: "warning", message });
  const recipeOf = (one: Head): ResolvedRecipe => recipeFor(one, { root, kind, epochs, testFraction });
  const frozen =
    features + SECONDS.start + (1 + trainings + (compares ? 1 + LOOKING : 0)) * (head + 0.1 * SECONDS.start);
  const tuning =
    minutes === undefined || families.length < FAMILIES.length
      ? null
      : planTuning({
          images: train.size,
          left: minutes * 60 - frozen - 2 * head,
          secondsOf: (trainable) => decode + tuningSeconds(trainable, recipeOf(FAMILIES[0].heads[0]), train),
        });
  return {
    recipeOf,
    tuning,
    limit: minutes === undefined ? null : 60 * minutes,
    classes: classes.length,
    images: { train: train.size, test: test.size },
    notes: dataNotes(data),
    counts: { most: maxOf(counts), least: minOf(counts) },
    families,
    heldOut: families.length > 0 ? heldOut : 0,
    splits,
    compares,
    suggests: compares,
    seconds: frozen + (tuning === null ? 0 : tuning.seconds + 2 * head),
  };
}

/** Seconds that a step of a stage takes for an image. */
function tuningSeconds(trainable: TuningStage["trainable"], recipe: ResolvedRecipe, train: Dataset): number {
  const stages = [{ trainable, epochs: 1 }];
  return stepSeconds(tunedRecipe(recipe, { stages, averaged: true, tau: 0, images: train.size }), train);
}

/** Describes a plan for people, before it is carried out. */
export function describePlan(
  photos: string,
  plan: FitPlan,
  { minutes }: Pick<PlanOptions, "minutes">,
): string {
  const { classes, images, notes, counts, families, heldOut, splits, compares, tuning, seconds } = plan;
  const { description } = WEIGHTS[WEIGHTS_NAME];
  const lines = [
    `${photos}: ${images.train} training and ${counted(images.test, "test image")} of ${counted(classes, "class", "classes")}; the largest class has ` +
      `${counted(counts.most, "training image")}, the smallest ${counts.least}.`,
    ...notes.map((note) => `${note[0]!.toUpperCase()}${note.slice(1)}.`),
    `Plan: keep a network pretrained on ImageNet frozen (${description}) and train ${FAMILIES[0].description} on its features.`,
  ];
  const tried = families.reduce((sum, { heads }) => sum + heads.length, 0);
  if (tried > 0)
    lines.push(
      `${heldOutText({ heldOut, splits })}${splits > 1 ? "," : ""} decide between it and ${counted(tried - 1, "other")}: other strengths of the correction, cosines, ` +
        "adjustments after training.",
    );
  if (compares)
    lines.push(`For comparison, also train ${PLAIN.description}: it shows what the correction gains.`);
  if (tuning !== null)
    lines.push(
      `Then, in the time that is left, fine-tune ${tuning.stages.map((stage) => `${STAGE_NAMES[stage.trainable]} for ${stage.epochs} epochs`).join(", then ")} ` +
        `(about ${formatSeconds(Math.round(tuning.seconds))}). The fine-tuned network is kept only if it is better on the held-out images.`,
    );
  else if (minutes === undefined)
    lines.push(
      "The network itself is not trained; with --minutes M it is fine-tuned in the time that is left.",
    );
  else lines.push(`--minutes ${minutes} leaves no time to fine-tune the network itself.`);
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

function recipeFor(
  { description, keys }: Head,
  { root, kind, epochs, testFraction }: RecipeParts,
): ResolvedRecipe {
  const { sampler, ...others } = keys;
  const recipe: RecipeInput = {
    name: basename(root),
    description: `longtail fit: ${description} on the features of ${WEIGHTS_NAME}`,
    epochs,
    data: {
      kind,
      root,
      batch: BATCH,
      strict: false,
      imageSize: WEIGHTS[WEIGHTS_NAME].preprocessing.crop,
      ...(sampler !== undefined && { sampler: { kind: sampler } }),
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
    ...others,
  };
  return resolveRecipe(recipe as unknown as Json, "longtail fit");
}

/** Images that there are to choose by: a validation folder's, or training images; 0 where the classes are too small. */
function heldOutImages({ train, validation }: TrainingData): number {
  return validation?.size ?? stratifiedSplit(train, HELD_OUT).taken.length;
}
