import { AccuracyMeter } from "../evaluation/accuracy.js";
import type { FittedTemperatures } from "../evaluation/analysis/analysis-meter.js";
import { classStatistics } from "../data/statistics.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { FitTrial } from "../runs/fit-file.js";
import { maxOf } from "../support/math.js";
import { keepClassifiers } from "../training/adjust.js";
import { runMeters } from "../training/evaluate.js";
import { fitTemperatures } from "../training/fit-temperatures.js";
import {
  adjustOnFeatures,
  featureBatches,
  type FeatureSet,
  trainOnFeatures,
} from "../training/train-on-features.js";
import type { Trainee } from "../training/trainee.js";
import type { Head, HeadFamily } from "./heads.js";
import { nearest, type NearestRule } from "./nearest.js";

/** What the trials found. */
export interface TrialsOutcome {
  readonly trials: readonly FitTrial[];
  readonly best: Head;
  /** Temperature that fits the best one's probabilities to the held-out images. */
  readonly temperatures: FittedTemperatures;
}

export interface TrialsOptions {
  readonly families: readonly HeadFamily[];
  /** The recipe of a head. */
  readonly recipeOf: (head: Head) => ResolvedRecipe;
  readonly train: FeatureSet;
  readonly heldOut: FeatureSet;
  /** All training images of each class, held-out ones as well: they decide its group. */
  readonly counts: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

const COMPARED: readonly (readonly [string, NearestRule])[] = [
  ["nearest class mean", { kind: "class-means" }],
  ["nearest neighbor", { kind: "neighbors", k: 1 }],
  ["10 nearest neighbors", { kind: "neighbors", k: 10 }],
];
/** Training images beyond which neighbors are not looked for. */
const MAX_NEIGHBORS = 50_000;

/**
 * Trains every family on the training images and evaluates its heads on the held-out ones. The best head has the highest mean
 * accuracy over the classes; of equal ones the first.
 * @throws The signal's reason.
 */
export async function tryHeads(options: TrialsOptions): Promise<TrialsOutcome> {
  const { families, heldOut, recipeOf, train, signal } = options;
  const trials: FitTrial[] = [];
  let best: { readonly head: Head; readonly balanced: number; readonly trainee: Trainee } | null = null;
  try {
    for (const { heads } of families) {
      const trainee = await trainOnFeatures(withoutAdjustment(recipeOf(heads[0])), train, signal);
      const found = await evaluateHeads(heads, { ...options, trainee });
      trials.push(...found);
      const balanced = maxOf(found.map((trial) => trial.balanced));
      if (best !== null && balanced <= best.balanced) {
        trainee[Symbol.dispose]();
        continue;
      }
      const head = heads[found.findIndex((trial) => trial.balanced === balanced)]!;
      best?.trainee[Symbol.dispose]();
      best = { head, balanced, trainee };
      await adjustOnFeatures(trainee, recipeOf(head), { ...train, signal });
    }
    const { head, trainee } = best!;
    const recipe = recipeOf(head);
    using loader = featureBatches(recipe, heldOut);
    const temperatures = await fitTemperatures({
      recipe,
      method: trainee.method,
      counts: options.counts,
      trained: classStatistics(train.dataset).counts,
      heldOut: { images: heldOut.dataset.size, loader },
      kinds: ["global"],
      signal,
    });
    if (temperatures === null) throw signal!.reason; // only a signal ends it early
    return { trials: [...trials, ...compared(options)], best: head, temperatures };
  } finally {
    best?.trainee[Symbol.dispose]();
  }
}

/** Evaluates the heads of one training, and leaves its classifier as it was. */
async function evaluateHeads(
  heads: HeadFamily["heads"],
  { trainee, recipeOf, train, heldOut, counts, signal }: TrialsOptions & { readonly trainee: Trainee },
): Promise<FitTrial[]> {
  using classifiers = keepClassifiers(trainee.method.model);
  const found: FitTrial[] = [];
  for (const head of heads) {
    const recipe = recipeOf(head);
    await adjustOnFeatures(trainee, recipe, { ...train, signal });
    const accuracy = meterOf(train, counts);
    using loader = featureBatches(recipe, heldOut);
    await runMeters({ method: trainee.method, loader, meters: [accuracy], signal });
    signal?.throwIfAborted();
    found.push(trialOf(head.name, accuracy, true));
    classifiers.restore();
  }
  return found;
}

function compared({ train, heldOut, counts }: TrialsOptions): FitTrial[] {
  if (train.dataset.size > MAX_NEIGHBORS) return [];
  return COMPARED.map(([name, rule]) => {
    const accuracy = meterOf(train, counts);
    for (const observation of nearest(rule, { train, queries: heldOut })) accuracy.add(observation);
    return trialOf(name, accuracy, false);
  });
}

function withoutAdjustment(recipe: ResolvedRecipe): ResolvedRecipe {
  return { ...recipe, adjustment: { kind: "none" } };
}

function meterOf({ dataset }: FeatureSet, counts: readonly number[]): AccuracyMeter {
  return new AccuracyMeter({ classes: dataset.classes, counts, experts: 1, groups: "field" });
}

function trialOf(name: string, meter: AccuracyMeter, selectable: boolean): FitTrial {
  const { all, many, medium, few, balanced } = meter.result().ensemble;
  return { name, all, many, medium, few, balanced, selectable };
}
