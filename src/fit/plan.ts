import { basename, resolve } from "node:path";
import { resolveRecipe } from "../recipes/resolve.js";
import type { RecipeInput, ResolvedRecipe } from "../recipes/schema.js";
import type { Dataset } from "../data/dataset.js";
import { detectKind } from "../data/detect-kind.js";
import { stratifiedSplit } from "../data/split.js";
import { coresHere } from "../support/cores.js";
import { DataError } from "../support/errors.js";
import type { Json } from "../support/json.js";
import { maxOf, minOf, sum } from "../support/math.js";
import { formatSeconds } from "../support/units.js";
import type { CacheListener } from "../data/cache/report.js";
import { dataNotes, dataWarnings, openTrainingData, type TrainingData } from "../training/training-data.js";
import { heldOutText, STAGE_NAMES, type TuningStage } from "../runs/fit-file.js";
import { weightsFile } from "../weights/install.js";
import { WEIGHTS, type WeightsName, weightsNames } from "../weights/registry.js";
import { forwardSeconds, stepSeconds } from "./costs.js";
import { FAMILIES, type Head, type HeadFamily, PLAIN, QUICK_FAMILIES } from "./heads.js";
import { trainingsOf } from "./trials.js";
import { HELD_OUT, planTuning, tunedRecipe, type TuningPlan } from "./tune.js";
import { counted } from "../support/text.js";

/** What every machine has after set-up. */
const USUAL = "efficientnet-lite0";
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

/**
 * Networks that are here already are tried beside the usual one where all of that takes at most this share of the limit, or so many
 * seconds where there is none; larger ones, which take long even to measure, only when they are named.
 */
const OTHERS = { share: 0.4, seconds: 600, parameters: 100e6 } as const;
/** Trainings of classifiers that compare a network with others. */
const COMPARING = trainingsOf(QUICK_FAMILIES.length, 1) + 1;

const FIRST_NETWORK =
  "there are no held-out images to choose among networks by, or no time for it: the first one is taken";

/** Classifiers whose time it takes to look for what would make the model better. */
const LOOKING = 2.5;

export interface PlanOptions extends CacheListener {
  /** Share of the images to test on, where the folder has no test images; data.testSplit's default unless given. */
  readonly testFraction?: number | undefined;
  /** Minutes that it may take; without a limit unless given. */
  readonly minutes?: number | undefined;
  readonly threads?: number | undefined;
  /** Pretrained networks to choose among; the usual one and those that are here already unless given. */
  readonly weights?: readonly WeightsName[] | undefined;
}

/** A pretrained network that `fit` tries. */
export interface NetworkPlan {
  readonly weights: WeightsName;
  /** Fine-tuning in the time that is left of a limit; null where there is no limit or no time. */
  readonly tuning: TuningPlan | null;
}

/** What `fit` will do with a folder of photographs. */
export interface FitPlan {
  /** The recipe of a head on the features of a network, trained on all training images. */
  readonly recipeOf: (head: Head, weights: WeightsName) => ResolvedRecipe;
  /** The first one is taken where held-out images do not choose. */
  readonly networks: readonly [NetworkPlan, ...NetworkPlan[]];
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
  { testFraction, minutes, threads = coresHere(), weights, ...listener }: PlanOptions,
): Promise<FitPlan> {
  const root = resolve(photos);
  const kind = detectKind(root) ?? "image-folder";
  const recipeOf = (one: Head, name: WeightsName, epochs = 1): ResolvedRecipe =>
    recipeFor(one, { root, kind, epochs, testFraction, weights: name });
  const data = await openTrainingData(recipeOf(FAMILIES[0].heads[0], USUAL), listener);
  const { train, test, statistics } = data;
  const { counts, classes } = statistics;
  assertClasses(photos, classes);
  const epochs = Math.min(EPOCHS.max, Math.max(EPOCHS.min, Math.round((STEPS * BATCH) / train.size)));
  const decode = SECONDS.decode / threads;
  const head = epochs * Math.ceil(train.size / BATCH) * SECONDS.step;
  const heldOut = heldOutImages(data);
  const limit = minutes === undefined ? null : 60 * minutes;
  const tried = networksToTry(weights, {
    limit: heldOut === 0 ? 0 : limit,
    secondsOf: (name) =>
      (train.size + test.size) * (forwardSeconds(recipeOf(FAMILIES[0].heads[0], name)) + decode),
    comparing: COMPARING * head,
  });
  const features = tried.seconds;
  const left = (limit ?? Infinity) - features - head - 2 * SECONDS.start;
  const { compares, families, splits } = planChoice({ left, head, data, heldOut });
  const names = families.length === 0 ? tried.names.slice(0, 1) : tried.names;
  const trainings = trainingsOf(families.length, splits) + (families.length > 0 ? 1 : 0); // the chosen one once more
  const validationUse = families.length > 0 ? null : "more --minutes let them choose among classifiers";
  for (const message of dataWarnings(data, validationUse)) listener.report?.({ type: "warning", message });
  const frozen =
    features + SECONDS.start + (1 + trainings + (compares ? 1 + LOOKING : 0)) * (head + 0.1 * SECONDS.start);
  const tuningOf = (name: WeightsName): TuningPlan | null =>
    limit === null || families.length < FAMILIES.length
      ? null
      : planTuning({
          images: train.size,
          left: limit - frozen - 2 * head,
          secondsOf: (trainable) =>
            decode + tuningSeconds(trainable, recipeOf(FAMILIES[0].heads[0], name, epochs), train),
        });
  const [first, ...others] = names.map((name) => ({ weights: name, tuning: tuningOf(name) }));
  const tunings = [first!, ...others].flatMap(({ tuning }) => (tuning === null ? [] : [tuning.seconds]));
  return {
    recipeOf: (one, name) => recipeOf(one, name, epochs),
    networks: [first!, ...others],
    limit,
    classes: classes.length,
    images: { train: train.size, test: test.size },
    notes: [...dataNotes(data), ...(names.length < tried.names.length ? [FIRST_NETWORK] : [])],
    counts: { most: maxOf(counts), least: minOf(counts) },
    families,
    heldOut: families.length > 0 ? heldOut : 0,
    splits,
    compares,
    suggests: compares,
    seconds: frozen + (tunings.length === 0 ? 0 : maxOf(tunings) + 2 * head),
  };
}

/** @throws DataError for fewer than two. */
function assertClasses(photos: string, classes: readonly string[]): void {
  const [first, second] = classes;
  if (second !== undefined) return;
  throw new DataError(
    `${photos}: expected two classes or more, found ${first === undefined ? "none" : `one, "${first}"`}; a class is a folder of ` +
      "images, as photos/CLASS/*.jpg.",
  );
}

interface ChoiceCosts {
  /** Seconds that are left. */
  readonly left: number;
  /** Seconds for a training of a classifier. */
  readonly head: number;
  readonly data: Pick<TrainingData, "validation">;
  readonly heldOut: number;
}

/** Classifiers to try, as far as the time allows, on how many draws, and whether a plain one is trained to compare with. */
function planChoice({
  left,
  head,
  data,
  heldOut,
}: ChoiceCosts): Pick<FitPlan, "compares" | "families" | "splits"> {
  const affordable = Math.floor(left / head - 1 - LOOKING);
  return {
    compares: left > (1 + LOOKING) * head + SECONDS.start,
    families: heldOut > 0 && affordable > 1 ? FAMILIES.slice(0, affordable) : [],
    splits: data.validation === null && affordable > trainingsOf(FAMILIES.length, SPLITS) ? SPLITS : 1,
  };
}

interface NetworkCosts {
  /** Seconds that `fit` may take, 0 where nothing can choose; null without a limit. */
  readonly limit: number | null;
  /** Seconds for the features of all images. */
  readonly secondsOf: (name: WeightsName) => number;
  /** Seconds to compare a network with others, beyond its features. */
  readonly comparing: number;
}

/** Networks to try, the usual one first unless they are named, and the seconds for the features and the comparison of all. */
function networksToTry(
  named: readonly WeightsName[] | undefined,
  { limit, secondsOf, comparing }: NetworkCosts,
): { readonly names: readonly WeightsName[]; readonly seconds: number } {
  if (named !== undefined) {
    const names = [...new Set(named)];
    const seconds = sum(names.map(secondsOf)) + (names.length > 1 ? names.length * comparing : 0);
    return { names, seconds };
  }
  const found = { names: [USUAL] as WeightsName[], seconds: secondsOf(USUAL) };
  const room = limit === null ? OTHERS.seconds : OTHERS.share * limit;
  const others = weightsNames
    .filter((name) => name !== USUAL && WEIGHTS[name].parameters <= OTHERS.parameters)
    .sort((a, b) => WEIGHTS[a].parameters - WEIGHTS[b].parameters);
  for (const name of others) {
    if (found.seconds + comparing > room) break;
    if (!weightsFile(WEIGHTS[name]).isThere) continue;
    const more = secondsOf(name) + (found.names.length === 1 ? 2 : 1) * comparing;
    if (found.seconds + more > room) continue;
    found.names.push(name);
    found.seconds += more;
  }
  return found;
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
  const { classes, images, notes, counts, families, heldOut, splits, compares, networks, seconds } = plan;
  const lines = [
    `${photos}: ${images.train} training and ${counted(images.test, "test image")} of ${counted(classes, "class", "classes")}; the largest class has ` +
      `${counted(counts.most, "training image")}, the smallest ${counts.least}.`,
    ...notes.map((note) => `${note[0]!.toUpperCase()}${note.slice(1)}.`),
    `Plan: ${networksText(networks)} and train ${FAMILIES[0].description} on its features.`,
  ];
  const tried = families.reduce((sum, { heads }) => sum + heads.length, 0);
  if (tried > 0)
    lines.push(
      `${heldOutText({ heldOut, splits })}${splits > 1 ? "," : ""} decide between it and ${counted(tried - 1, "other")}: other strengths of the correction, cosines, ` +
        "adjustments after training.",
    );
  if (compares)
    lines.push(`For comparison, also train ${PLAIN.description}: it shows what the correction gains.`);
  const tunings = networks.filter(({ tuning }) => tuning !== null);
  if (tunings.length > 0)
    lines.push(
      `Then, in the time that is left, fine-tune ${tunings.map((network) => tuningText(network, networks.length > 1)).join("; or ")}. ` +
        "The fine-tuned network is kept only if it is better on the held-out images.",
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

function networksText(networks: FitPlan["networks"]): string {
  const [first] = networks;
  if (networks.length === 1) return `keep a pretrained network frozen (${networkText(first)})`;
  return `try ${networks.length} pretrained networks on the held-out images (${networks.map(networkText).join("; ")}), keep the best one frozen`;
}

function networkText({ weights }: NetworkPlan): string {
  const { description, trainedOn } = WEIGHTS[weights];
  return `${description}, trained on ${trainedOn}`;
}

/** "the network's last stage for 3 epochs (about 20 min)", and of which network. */
function tuningText({ weights, tuning }: NetworkPlan, isOneOfSeveral: boolean): string {
  const stages = tuning!.stages.map(
    ({ trainable, epochs }) => `${STAGE_NAMES[trainable]} for ${counted(epochs, "epoch")}`,
  );
  const which = isOneOfSeveral ? `${weights}: ` : "";
  return `${stages.join(", then ")} (${which}about ${formatSeconds(Math.round(tuning!.seconds))})`;
}

interface RecipeParts {
  readonly weights: WeightsName;
  readonly root: string;
  readonly kind: ResolvedRecipe["data"]["kind"];
  readonly epochs: number;
  readonly testFraction: number | undefined;
}

function recipeFor(
  { description, keys }: Head,
  { root, kind, epochs, testFraction, weights }: RecipeParts,
): ResolvedRecipe {
  const { sampler, ...others } = keys;
  const recipe: Omit<RecipeInput, "backbone"> = {
    name: basename(root),
    description: `longtail fit: ${description} on the features of ${weights}`,
    epochs,
    data: {
      kind,
      root,
      batch: BATCH,
      strict: false,
      imageSize: WEIGHTS[weights].preprocessing.crop,
      ...(sampler !== undefined && { sampler: { kind: sampler } }),
      ...(testFraction !== undefined && { testSplit: { fraction: testFraction } }),
    },
    pretrained: { weights },
    freezeBackbone: true,
    freezeBatchNorm: true,
    schedule: { kind: "cosine" },
    evaluation: { every: epochs },
    checkpoints: { epochs },
    selection: { kind: "last" },
    logs: { images: 0, everySteps: 100 },
    ...others,
  };
  return resolveRecipe({ ...recipe, backbone: WEIGHTS[weights].backbone } as unknown as Json, "longtail fit");
}

/** Images that there are to choose by: a validation folder's, or training images; 0 where the classes are too small. */
function heldOutImages({ train, validation }: TrainingData): number {
  return validation?.size ?? stratifiedSplit(train, HELD_OUT).taken.length;
}
