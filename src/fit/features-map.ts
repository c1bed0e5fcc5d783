import { UMAP } from "umap-js";
import { imagesByClass } from "../data/statistics.js";
import { normalize } from "../nn/functional.js";
import type { FeaturesMap, MapPoint } from "../runs/fit-file.js";
import { maxOf, minOf } from "../support/math.js";
import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { streamOf } from "../torch/random-streams.js";
import { scope } from "../torch/scope.js";
import { type FeatureSet, selectFeatures } from "../training/train-on-features.js";

/** Images that a map shows at most; a page draws no more of them fast. */
const MAX_IMAGES = 1000;
/** Neighbors whose distances a map keeps, an image itself among them: fewer than most classes have test images. */
const NEIGHBORS = 9;
/** Digits of a coordinate, from 0 to 1. */
const DIGITS = 4;

/**
 * Two coordinates for each image, near for features that are alike: UMAP (McInnes et al., 2018) on the cosines of the features. Of
 * many images, the same number of each class as far as they have them, spread over the class's images. Null for fewer images
 * than a map needs.
 */
export function mapFeatures(set: FeatureSet): FeaturesMap | null {
  const { labels, classes } = set.dataset;
  const chosen = spreadOverClasses(labels, classes.length);
  if (chosen.length <= NEIGHBORS) return null;
  const { dataset, features } = selectFeatures(set, chosen);
  const rows = scaled(layOut(features, dataset.size));
  const points = rows.map(([x, y], index): MapPoint => {
    const label = classes[dataset.labels[index]!]!;
    return { path: dataset.describe(index), label, x, y };
  });
  return { points, images: set.dataset.size };
}

/** Places of images, in ascending order: class after class gives one until there are enough. */
export function spreadOverClasses(labels: Int32Array, classes: number, most = MAX_IMAGES): number[] {
  const byClass = imagesByClass(labels, classes);
  let perClass = 0;
  const taken = (count: number): number =>
    byClass.reduce((sum, { length }) => sum + Math.min(length, count), 0);
  while (taken(perClass + 1) <= most && taken(perClass) < labels.length) perClass += 1;
  return byClass
    .flatMap((images) => {
      const count = Math.min(images.length, perClass);
      return Array.from({ length: count }, (_, i) => images[Math.floor((i * images.length) / count)]!);
    })
    .sort((a, b) => a - b);
}

/** features [N · D] → coordinates [N][2] */
function layOut(features: Float32Array, images: number): number[][] {
  const { indices, distances } = neighbors(features, images);
  const umap = new UMAP({ nNeighbors: NEIGHBORS, minDist: 0.2, random: uniforms() });
  umap.setPrecomputedKNN(indices, distances);
  return umap.fit(indices); // of the rows it uses the number alone, since the neighbors are given
}

const DRAWS = 4096;

/** Returns uniform numbers from 0 to 1, one by one, the same every time. */
function uniforms(): () => number {
  const rng = new Rng(0, streamOf("map"));
  let values: number[] = [];
  return () => {
    if (values.length === 0) {
      using _ = scope();
      values = rng.uniform([DRAWS]).toList();
    }
    return values.pop()!;
  };
}

interface Neighbors {
  /** Places of each image's nearest ones, itself first. */
  readonly indices: number[][];
  /** 1 − cosine. */
  readonly distances: number[][];
}

function neighbors(features: Float32Array, images: number): Neighbors {
  using _noGrad = noGrad();
  using _scope = scope();
  const rows = normalize(tensor(features, { shape: [images, features.length / images] }), 1);
  const [cosines, indices] = rows.matmul(rows.t()).topk(NEIGHBORS, { dim: 1 });
  const distances = cosines.mul(-1).add(1).clamp({ min: 0 });
  return { indices: inRows(indices.toList()), distances: inRows(distances.toList()) };
}

function inRows(values: readonly number[]): number[][] {
  const rows = values.length / NEIGHBORS;
  return Array.from({ length: rows }, (_, row) => values.slice(row * NEIGHBORS, (row + 1) * NEIGHBORS));
}

/**
 * Coordinates from 0 to 1, each axis by itself: the mean of a value's place between the ends and of its place in their order, so that
 * islands far out do not crowd the others together.
 */
function scaled(rows: readonly number[][]): [number, number][] {
  const [xs, ys] = [0, 1].map((axis) => spread(rows.map((row) => row[axis]!))) as [number[], number[]];
  return xs.map((x, i) => [x, ys[i]!]);
}

function spread(values: readonly number[]): number[] {
  const low = minOf(values);
  const range = maxOf(values) - low || 1;
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  order.forEach((index, rank) => {
    ranks[index] = rank / (values.length - 1);
  });
  return values.map((value, i) => Number((((value - low) / range + ranks[i]!) / 2).toFixed(DIGITS)));
}
