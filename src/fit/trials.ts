import { AccuracyMeter } from "../evaluation/accuracy.js";
import type { FittedTemperatures } from "../evaluation/analysis/analysis-meter.js";
import { classStatistics } from "../data/statistics.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { FitTrial } from "../runs/fit-file.js";
import { maxOf, sum } from "../support/math.js";
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
  /** Of each head the mean over the splits. */
  readonly trials: readonly FitTrial[];
  readonly best: Head;
  /** The best head's trial on the first split. */
  readonly onFirst: FitTrial;
  /** Temperature that fits the best one's probabilities to the held-out images of the first split. */
  readonly temperatures: FittedTemperatures;
}

/** Images to train heads on, and others to choose one by. */
export interface TrialSplit {
  readonly train: FeatureSet;
  readonly heldOut: FeatureSet;
}

export interface TrialsOptions {
  readonly families: readonly HeadFamily[];
  /** The recipe of a head. */
  readonly recipeOf: (head: Head) => ResolvedRecipe;
  readonly splits: readonly [TrialSplit, ...TrialSplit[]];
  /** All training images of each class, held-out ones as well: they decide its group. */
  readonly counts: readonly number[];
  /** Called after each family of a split. */
  readonly onFamily?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

type SplitOptions = TrialSplit & Omit<TrialsOptions, "splits">;

const COMPARED: readonly (readonly [string, NearestRule])[] = [
  ["nearest class mean", { kind: "class-means" }],
  ["nearest neighbor", { kind: "neighbors", k: 1 }],
  ["10 nearest neighbors", { kind: "neighbors", k: 10 }],
];
/** Training images beyond which neighbors are not looked for. */
const MAX_NEIGHBORS = 50_000;

/**
 * Trains every family on the training images of each split and evaluates its heads on the held-out ones. The best head has the highest
 * mean accuracy over the classes, in the mean over the splits; of equal ones the first.
 * @throws The signal's reason.
 */
export async function tryHeads({ splits, ...options }: TrialsOptions): Promise<TrialsOutcome> {
  const { families, recipeOf, counts, signal } = options;
  const tried: FitTrial[][] = [];
  for (const split of splits) tried.push(await tryOn({ ...options, ...split }));
  const [first] = splits;
  const trials = tried[0]!.map((_trial, place) => meanOf(tried.map((ofSplit) => ofSplit[place]!)));
  const selectable = trials.filter((trial) => trial.selectable);
  const most = maxOf(selectable.map(({ balanced }) => balanced));
  const place = selectable.findIndex(({ balanced }) => balanced === most);
  const best = families.flatMap(({ heads }) => heads)[place]!;
  const recipe = recipeOf(best);
  using trainee = await trainOnFeatures(recipe, first.train, signal);
  using loader = featureBatches(recipe, first.heldOut);
  const temperatures = await fitTemperatures({
    recipe,
    method: trainee.method,
    counts,
    trained: classStatistics(first.train.dataset).counts,
    heldOut: { images: first.heldOut.dataset.size, loader },
    kinds: ["global"],
    signal,
  });
  if (temperatures === null) throw signal!.reason; // only a signal ends it early
  return { trials, best, onFirst: tried[0]![place]!, temperatures };
}

/** Trials on one split: all heads in order, then what is compared with them. */
async function tryOn(options: SplitOptions): Promise<FitTrial[]> {
  const { families, recipeOf, train, onFamily, signal } = options;
  const found: FitTrial[] = [];
  for (const { heads } of families) {
    using trainee = await trainOnFeatures(withoutAdjustment(recipeOf(heads[0])), train, signal);
    found.push(...(await evaluateHeads(heads, { ...options, trainee })));
    onFamily?.();
  }
  return [...found, ...compared(options)];
}

/** The mean of one head's trials; of a group null where a split has none of its images. */
function meanOf(trials: readonly FitTrial[]): FitTrial {
  const mean = (key: "all" | "balanced"): number => sum(trials.map((trial) => trial[key])) / trials.length;
  const ofGroup = (key: "many" | "medium" | "few"): number | null => {
    const values = trials.flatMap((trial) => trial[key] ?? []);
    return values.length === 0 ? null : sum(values) / values.length;
  };
  const groups = { many: ofGroup("many"), medium: ofGroup("medium"), few: ofGroup("few") };
  return { ...trials[0]!, ...groups, all: mean("all"), balanced: mean("balanced") };
}

/** Evaluates the heads of one training, and leaves its classifier as it was. */
async function evaluateHeads(
  heads: HeadFamily["heads"],
  { trainee, recipeOf, train, heldOut, counts, signal }: SplitOptions & { readonly trainee: Trainee },
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

function compared({ train, heldOut, counts }: SplitOptions): FitTrial[] {
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
