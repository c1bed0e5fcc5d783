import type { Dataset } from "../data/dataset.js";
import { identicalImages, NEAR_BITS, nearDuplicates } from "../data/inspection/duplicates.js";
import { usableImages } from "../data/inspection/usable.js";
import { classStatistics, imagesByClass } from "../data/statistics.js";
import { AccuracyMeter } from "../evaluation/accuracy.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { AlikeImages, CurvePoint, NeedyClass, Suggestions } from "../runs/fit-file.js";
import { runMeters } from "../training/evaluate.js";
import {
  featureBatches,
  type FeatureSet,
  type FeatureSets,
  selectFeatures,
  trainOnFeatures,
} from "../training/train-on-features.js";
import { type OutOfFold, predictOutOfFold, suspects } from "./out-of-fold.js";

/** Parts of the training images of a learning curve, besides all of them. */
const FRACTIONS = [0.25, 0.5] as const;
/** Most of each list that is kept. */
const MAX_SUSPECTS = 60;
const MAX_GROUPS = 200;

interface SuggestionOptions {
  /** The chosen head's recipe. */
  readonly recipe: ResolvedRecipe;
  readonly sets: FeatureSets;
  /** What the head was chosen with; null where nothing was chosen, and there is no learning curve then. */
  readonly split: { readonly train: FeatureSet; readonly heldOut: FeatureSet } | null;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks for what would make the model better: classes that need photographs, labels that are probably wrong, images that are there
 * twice. On features, so that it takes about as long as two classifiers.
 * @throws The signal's reason.
 */
export async function suggest({
  recipe: chosen,
  sets,
  split,
  signal,
}: SuggestionOptions): Promise<Suggestions> {
  const recipe = { ...chosen, epochs: Math.max(1, Math.ceil(chosen.epochs / 2)) };
  const outOfFold = await predictOutOfFold(recipe, sets.train, signal);
  const curve = split === null ? [] : await learningCurve(recipe, { ...split, signal });
  const all = suspects(sets.train, outOfFold);
  return {
    learningCurve: curve,
    photographs: needyClasses(sets.train, { outOfFold, exponent: exponentOf(curve) }),
    suspects: all.slice(0, MAX_SUSPECTS),
    suspectImages: all.length,
    ...(await duplicates([sets.train.dataset, sets.test.dataset], signal)),
  };
}

/** Mean accuracy over the classes on held-out images of classifiers trained on a part of each class's images. */
async function learningCurve(
  recipe: ResolvedRecipe,
  { train, heldOut, signal }: SuggestionOptions["split"] & object & Pick<SuggestionOptions, "signal">,
): Promise<CurvePoint[]> {
  const points: CurvePoint[] = [];
  const byClass = imagesByClass(train.dataset.labels, train.dataset.classes.length);
  for (const fraction of [...FRACTIONS, 1]) {
    const indices = byClass
      .flatMap((images) => images.slice(0, Math.max(1, Math.round(fraction * images.length))))
      .sort((a, b) => a - b);
    using trainee = await trainOnFeatures(recipe, selectFeatures(train, indices), signal);
    const { classes, labels } = train.dataset;
    const { counts } = classStatistics({ classes, labels });
    const accuracy = new AccuracyMeter({ classes, counts, experts: recipe.method.experts, groups: "field" });
    using loader = featureBatches(recipe, heldOut);
    await runMeters({ method: trainee.method, loader, meters: [accuracy], signal });
    signal?.throwIfAborted();
    points.push({ fraction, balanced: accuracy.result().ensemble.balanced });
  }
  return points;
}

/** b of error = a · images^-b, between half of the images and all; 0 where more images did not help. */
export function exponentOf(curve: readonly CurvePoint[]): number | null {
  const errorAt = (fraction: number): number | undefined => {
    const point = curve.find((one) => one.fraction === fraction);
    return point && 100 - point.balanced;
  };
  const [half, all] = [errorAt(0.5), errorAt(1)];
  if (half === undefined || all === undefined) return null;
  if (!(half > 0) || !(all > 0)) return 0;
  return Math.min(1, Math.max(0, Math.log2(half / all)));
}

/** The classes, those that gain most from twice as many photographs first; those without an error are left out. */
export function needyClasses(
  { dataset }: Pick<FeatureSet, "dataset">,
  {
    outOfFold: { predicted },
    exponent,
  }: { readonly outOfFold: Pick<OutOfFold, "predicted">; readonly exponent: number | null },
): NeedyClass[] {
  return imagesByClass(dataset.labels, dataset.classes.length)
    .flatMap((images, label): NeedyClass[] => {
      const evaluated = images.filter((index) => predicted[index]! >= 0);
      const wrong = evaluated.filter((index) => predicted[index] !== label).length;
      if (evaluated.length > 0 && wrong === 0) return [];
      const accuracy = evaluated.length === 0 ? null : (100 * (evaluated.length - wrong)) / evaluated.length;
      const error = (100 * (wrong + 1)) / (evaluated.length + 2); // of few images an estimate between it and a half
      const gain = exponent === null ? null : error * (1 - 2 ** -exponent);
      return [{ name: dataset.classes[label]!, trainImages: images.length, accuracy, gain, error }];
    })
    .sort((a, b) => b.error - a.error || a.trainImages - b.trainImages);
}

/** Images that are there twice, exactly or nearly, within and between training and test images. */
async function duplicates(
  [train, test]: readonly [Dataset, Dataset],
  signal: AbortSignal | undefined,
): Promise<Pick<Suggestions, "duplicates" | "duplicateGroups">> {
  if (train.pixels.kind === "packed") return { duplicates: [], duplicateGroups: 0 };
  const looked = [];
  for (const dataset of [train, test]) looked.push(await usableImages(dataset, { strict: false, signal }));
  const places = looked.flatMap(({ dataset }) =>
    Array.from(dataset.labels, (label, index) => ({
      path: dataset.describe(index),
      label: dataset.classes[label] ?? String(label),
      split: dataset.split,
    })),
  );
  const inspections = looked.flatMap((one) => one.inspections);
  const near = nearDuplicates(inspections, NEAR_BITS).map(({ same }) => same.flat());
  const known = new Set(near.flat());
  const exact = identicalImages(inspections).filter((group) => group.length > 1 && !known.has(group[0]!));
  const groups = [
    ...exact.map((group) => ({ group, exact: true })),
    ...near.map((group) => ({ group, exact: false })),
  ].map(({ group, exact: isExact }): AlikeImages => {
    const images = group.map((index) => places[index]!);
    return {
      exact: isExact,
      images,
      severalClasses: new Set(images.map(({ label }) => label)).size > 1,
      inBothSplits: new Set(images.map(({ split }) => split)).size > 1,
    };
  });
  const weight = ({ severalClasses, inBothSplits }: AlikeImages): number =>
    (severalClasses ? 2 : 0) + (inBothSplits ? 1 : 0);
  groups.sort((a, b) => weight(b) - weight(a));
  return { duplicates: groups.slice(0, MAX_GROUPS), duplicateGroups: groups.length };
}
