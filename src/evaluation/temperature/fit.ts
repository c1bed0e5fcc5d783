import { maxOf } from "../../support/math.js";
import { noGrad } from "../../torch/autograd.js";
import { tensor } from "../../torch/create.js";
import { cat } from "../../torch/operators.generated.js";
import { scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import type { Temperature } from "../analysis.js";
import { type Group, GROUPS } from "../../data/groups.js";
import type { KeptLogits, LogitBatch } from "./kept-logits.js";

/** A convex function's value, gradient [n] and Hessian [n][n] at a point [n]. */
interface Expansion {
  readonly value: number;
  readonly gradient: readonly number[];
  readonly hessian: readonly (readonly number[])[];
}

interface BoxProblem {
  readonly start: readonly number[];
  /** Every coordinate lies between these. */
  readonly least: number;
  readonly most: number;
  readonly expand: (point: readonly number[]) => Expansion;
}

const MAX_STEPS = 100;
const TOLERANCE = 1e-10; // of a coordinate, relative

/**
 * The minimum of a smooth convex function of a few variables within a box: Newton steps over the coordinates that no
 * bound holds, cut at the box and halved until the value falls (Bertsekas, "Projected Newton methods", SIAM J. Control
 * and Optimization 1982).
 */
function minimize({ start, least, most, expand }: BoxProblem): number[] {
  let point = [...start];
  let here = expand(point);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const direction = newtonDirection(point, here, { least, most });
    const next = downhill({ point, here, direction, cut: (x) => Math.min(most, Math.max(least, x)), expand });
    if (next === null) return point;
    const moved = maxOf(next.point.map((x, i) => Math.abs(x / point[i]! - 1)));
    ({ point, here } = next);
    if (moved < TOLERANCE) return point;
  }
  return point;
}

/** Zero for a coordinate on a bound that the value falls across. */
function newtonDirection(
  point: readonly number[],
  { gradient, hessian }: Expansion,
  { least, most }: Pick<BoxProblem, "least" | "most">,
): number[] {
  const isHeld = (x: number, i: number): boolean =>
    (x <= least && gradient[i]! > 0) || (x >= most && gradient[i]! < 0);
  const free = point.flatMap((x, i) => (isHeld(x, i) ? [] : [i]));
  // What keeps the system solvable where the value hardly depends on a coordinate.
  const ridge = 1e-12 * Math.max(1e-300, maxOf(free.map((i) => hessian[i]![i]!)));
  const matrix = free.map((i) => free.map((j) => hessian[i]![j]! + (i === j ? ridge : 0)));
  const solution = solve(
    matrix,
    free.map((i) => -gradient[i]!),
  );
  const direction = point.map(() => 0);
  free.forEach((i, place) => (direction[i] = solution[place]!));
  return direction;
}

/** Null when no step along the direction lowers the value. */
function downhill({
  point,
  here,
  direction,
  cut,
  expand,
}: Pick<BoxProblem, "expand"> & {
  point: readonly number[];
  here: Expansion;
  direction: readonly number[];
  cut: (x: number) => number;
}): { point: number[]; here: Expansion } | null {
  for (let length = 1; length > 1e-12; length /= 2) {
    const next = point.map((x, i) => cut(x + length * direction[i]!));
    if (next.every((x, i) => x === point[i])) return null;
    const there = expand(next);
    if (there.value < here.value) return { point: next, here: there };
  }
  return null;
}

/** x with A x = b, by Gaussian elimination; A is symmetric and positive definite, so that no rows need swapping. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  rows.forEach((pivot, p) => {
    for (const row of rows.slice(p + 1)) {
      const factor = row[p]! / pivot[p]!;
      for (let c = p; c < row.length; c += 1) row[c]! -= factor * pivot[c]!;
    }
  });
  const x = right.map(() => 0);
  for (let i = rows.length - 1; i >= 0; i -= 1) {
    const known = x.reduce((sum, value, j) => (j > i ? sum + rows[i]![j]! * value : sum), 0);
    x[i] = (rows[i]!.at(-1)! - known) / rows[i]![i]!;
  }
  return x;
}

/** Temperatures lie between these: beyond, the images say only that probabilities should be 1 or all alike. */
const LEAST = 1 / 20;
const MOST = 20;
/** A group that fewer of the images are answered with takes the temperature of all. */
const FEWEST_IMAGES = 20;

export type TemperatureKind = Temperature["kind"];

export interface FitOptions {
  /**
   * [C], added to the scaled logits: log of the classes' shares among the images that are fitted to, less the log of the
   * shares that the logits take for granted. Null where these are the same.
   */
  readonly shift: readonly number[] | null;
  readonly groupOfClass: readonly Group[];
}

/**
 * The temperature T that makes softmax(z / T + shift) of the ensemble's logits z fit the labels best: least negative
 * log-likelihood (Guo et al., ICML 2017, section 4.2). Those of the experts are fitted jointly, for z / T = mean_k z_k / T_k.
 * The likelihood is concave in 1 / T, also jointly, and is climbed by Newton's method.
 *
 * To the n images one more is added that is answered wrongly, and is like those that the network is unsure of: of a few images all
 * may be correct, and they alone would make every probability 1.
 */
export function fitTemperature(
  { batches }: Pick<KeptLogits, "batches">,
  kind: TemperatureKind,
  options: FitOptions,
): Temperature {
  using _scope = scope();
  using _noGrad = noGrad();
  const ensemble = batches.map(({ logits, labels }) => ({
    terms: logits.mean({ dim: [0], keepdim: true }),
    labels,
  }));
  const global = (): number => fit(ensemble, options)[0]!;
  switch (kind) {
    case "global":
      return { kind, temperature: global() };
    case "group":
      return { kind, temperatures: groupTemperatures(ensemble, options, global()) };
    case "expert": {
      const terms = batches.map(({ logits, labels }) => ({ terms: logits.div(logits.shape[0]!), labels }));
      return { kind, temperatures: fit(terms, options) };
    }
    default:
      return kind satisfies never;
  }
}

/** What is multiplied by inverse temperatures and summed, [F, n, C], for n images. */
interface Terms extends Pick<LogitBatch, "labels"> {
  readonly terms: Tensor;
}

function groupTemperatures(
  ensemble: readonly Terms[],
  options: FitOptions,
  global: number,
): Record<Group, number> {
  const answers = ensemble.map(({ terms }) => terms.select(0, 0).argmax({ dim: 1 }).toList());
  const of = (group: Group): number => {
    const rows = answers.map((batch) =>
      batch.flatMap((answer, row) => (options.groupOfClass[answer] === group ? [row] : [])),
    );
    if (rows.flat().length < FEWEST_IMAGES) return global;
    const chosen = ensemble.flatMap(({ terms, labels }, b) => {
      if (rows[b]!.length === 0) return [];
      const places = tensor(rows[b]!, { dtype: "int64" });
      return [{ terms: terms.indexSelect(1, places), labels: labels.indexSelect(0, places) }];
    });
    return fit(chosen, options)[0]!;
  };
  return Object.fromEntries(GROUPS.map((group) => [group, of(group)])) as Record<Group, number>;
}

/** Terms with their part of the image that is answered wrongly. */
interface Doubted extends Terms {
  /** The class that the logits of each image favor second: the label of that image, [n]. */
  readonly seconds: Tensor;
  /** How much of it is like each image: 1 in all batches together, [n, 1, 1]. */
  readonly doubts: Tensor;
}

/** A temperature for each of the F terms; at least one image. */
function fit(given: readonly Terms[], { shift }: Pick<FitOptions, "shift">): number[] {
  const [factors] = given[0]!.terms.shape as [number];
  const added = shift && tensor(Float64Array.from(shift));
  const batches = doubted(given, added);
  const inverse = minimize({
    start: Array.from({ length: factors }, () => 1),
    least: 1 / MOST,
    most: 1 / LEAST,
    expand: (point) => meanLoss(batches, point, added),
  });
  return inverse.map((one) => 1 / one);
}

/** Doubts are in proportion to the probability that the first class is wrong, at temperature 1. */
function doubted(batches: readonly Terms[], added: Tensor | null): Doubted[] {
  const found = batches.map(({ terms }) => {
    const logits = terms.to({ dtype: "float64" }).sum({ dim: [0] });
    const shifted = added === null ? logits : logits.add(added);
    const others = shifted.scatter(1, shifted.argmax({ dim: 1, keepdim: true }), -Infinity);
    const wrong = others.logsumexp([1]).sub(shifted.logsumexp([1])); // logs: a probability may round to 0
    return { seconds: others.argmax({ dim: 1 }), wrong };
  });
  const doubts = cat(found.map(({ wrong }) => wrong)).softmax(0);
  let start = 0;
  return found.map(({ seconds }, b) => {
    const images = seconds.size;
    const own = doubts.narrow(0, start, images).view([images, 1, 1]);
    start += images;
    return { ...batches[b]!, seconds, doubts: own };
  });
}

/** The negative log-likelihood at inverse temperatures [F] in float64, of all images and the wrong one, divided by the images. */
function meanLoss(batches: readonly Doubted[], inverse: readonly number[], added: Tensor | null): Expansion {
  const factors = inverse.length;
  const images = batches.reduce((sum, { labels }) => sum + labels.size, 0);
  const sums = new Float64Array(1 + factors + factors ** 2); // value, gradient, Hessian
  for (const batch of batches)
    lossOfBatch(batch, inverse, added).forEach((part, i) => (sums[i]! += part / images));
  const [value, ...derivatives] = sums;
  const row = (i: number): number[] => derivatives.slice(factors * (1 + i), factors * (2 + i));
  return { value: value!, gradient: derivatives.slice(0, factors), hessian: inverse.map((_, i) => row(i)) };
}

/**
 * Sums over the images of -log p_label - d log p_second, with p = softmax(u), u = Σ_f β_f t_f + shift, and doubt d; of its
 * gradient (1 + d) E_p[t_f] − t_f,label − d t_f,second and of its Hessian (1 + d) Cov_p(t_f, t_g); in one array.
 */
function lossOfBatch(
  { terms, labels, seconds, doubts }: Doubted,
  inverse: readonly number[],
  added: Tensor | null,
): number[] {
  using _scope = scope();
  const t = terms.to({ dtype: "float64" }).permute([1, 0, 2]); // [n, F, C]
  const [images, factors] = t.shape as [number, number];
  const weights = tensor(Float64Array.from(inverse), { shape: [1, factors, 1] });
  const scaled = t.mul(weights).sum({ dim: [1] }); // [n, C]
  const logProbabilities = (added === null ? scaled : scaled.add(added)).logSoftmax(1).unsqueeze(1); // [n, 1, C]
  const p = logProbabilities.exp();
  const means = t.mul(p).sum({ dim: [2], keepdim: true }); // [n, F, 1]
  const at = (values: Tensor, classes: Tensor): Tensor =>
    values.gather(2, classes.view([images, 1, 1]).expand([images, values.shape[1]!, 1]));
  const target = (values: Tensor): Tensor => at(values, labels).add(at(values, seconds).mul(doubts));
  const total = doubts.add(1);
  const value = target(logProbabilities).neg();
  const gradient = means.mul(total).sub(target(t));
  const centered = t.sub(means);
  const hessian = centered.mul(p).matmul(centered.transpose(1, 2)).mul(total); // [n, F, F]
  return [value, gradient, hessian].flatMap((each) => each.sum({ dim: [0] }).toList());
}
