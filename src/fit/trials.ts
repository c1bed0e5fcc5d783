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
  /** Of each head the mean over the splits that it was tried on. */
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

/** Families of `families` that are tried on every split; the others, whose heads do worse on the first, on that one alone. */
const goOn = (families: number): number => Math.ceil(families / 2);

/** Trainings that `tryHeads` needs for so many families and splits. */
export function trainingsOf(families: number, splits: number): number {
  return families === 0 ? 0 : families + (splits - 1) * goOn(families);
}

const COMPARED: readonly (readonly [string, NearestRule])[] = [
  ["nearest class mean", { kind: "class-means" }],
  ["nearest neighbor", { kind: "neighbors", k: 1 }],
  ["10 nearest neighbors", { kind: "neighbors", k: 10 }],
];
/** Training images beyond which neighbors are not looked for. */
const MAX_NEIGHBORS = 50_000;

/**
 * Trains families on the training images of each split and evaluates their heads on the held-out ones: all families on the first split, the
 * better half of them on the others. The best head has the highest mean accuracy over the classes, in the mean over the splits, of
 * those that were tried on all of them; of equal ones the first.
 * @throws The signal's reason.
 */
export async function tryHeads({ splits, ...options }: TrialsOptions): Promise<TrialsOutcome> {
  const { families, recipeOf, counts, signal } = options;
  const [first, ...others] = splits;
  const tried = await tryOn(families, { ...options, ...first });
  const better = others.length === 0 ? families : betterHalf(families, tried);
  const again: (readonly HeadTrial[])[] = [];
  for (const split of others) again.push(await tryOn(better, { ...options, ...split }));
  const results = tried.map(({ head, trial }) => {
    const more = again.flatMap((ofSplit) => ofSplit.filter((one) => one.head === head));
    return { head, onFirst: trial, trial: meanOf([trial, ...more.map((one) => one.trial)]) };
  });
  const inAll = results.filter(({ trial }) => trial.draws === splits.length);
  const most = maxOf(inAll.map(({ trial }) => trial.balanced));
  const { head: best, onFirst } = inAll.find(({ trial }) => trial.balanced === most)!;
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
  const toCompare = splits.map((split) => compared({ ...options, ...split }));
  const rules = toCompare[0]!.map((_trial, place) => meanOf(toCompare.map((ofSplit) => ofSplit[place]!)));
  return { trials: [...results.map(({ trial }) => trial), ...rules], best, onFirst, temperatures };
}

interface HeadTrial {
  readonly head: Head;
  readonly trial: FitTrial;
}

/** Trials on one split: all heads of some families in order. */
async function tryOn(families: readonly HeadFamily[], options: SplitOptions): Promise<HeadTrial[]> {
  const { recipeOf, train, onFamily, signal } = options;
  const found: HeadTrial[] = [];
  for (const { heads } of families) {
    using trainee = await trainOnFeatures(withoutAdjustment(recipeOf(heads[0])), train, signal);
    const trials = await evaluateHeads(heads, { ...options, trainee });
    found.push(...trials.map((trial, i) => ({ head: heads[i]!, trial })));
    onFamily?.();
  }
  return found;
}

/** The families, in their order, whose best head did best. */
function betterHalf(families: readonly HeadFamily[], tried: readonly HeadTrial[]): HeadFamily[] {
  const bestOf = ({ heads }: HeadFamily): number =>
    maxOf(tried.filter(({ head }) => heads.includes(head)).map(({ trial }) => trial.balanced));
  const ranked = [...families].sort((a, b) => bestOf(b) - bestOf(a));
  const better = new Set(ranked.slice(0, goOn(families.length)));
  return families.filter((family) => better.has(family));
}

/** The mean of one head's trials; of a group null where a split has none of its images. */
function meanOf(trials: readonly FitTrial[]): FitTrial {
  const mean = (key: "all" | "balanced"): number => sum(trials.map((trial) => trial[key])) / trials.length;
  const ofGroup = (key: "many" | "medium" | "few"): number | null => {
    const values = trials.flatMap((trial) => trial[key] ?? []);
    return values.length === 0 ? null : sum(values) / values.length;
  };
  const groups = { many: ofGroup("many"), medium: ofGroup("medium"), few: ofGroup("few") };
  const draws = trials.length;
  return { ...trials[0]!, ...groups, draws, all: mean("all"), balanced: mean("balanced") };
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
  return { name, draws: 1, all, many, medium, few, balanced, selectable };
}
