/** What analysis.json says, image by image in plain JavaScript: what the meters are compared with. */
import { tensor } from "../../torch/create.js";
import type { Agreement, Calibration } from "../analysis.js";
import type { Observation } from "../meter.js";

/** An image with the logits of K experts, [K][C]. */
export interface NaiveImage {
  readonly index: number;
  readonly label: number;
  readonly logits: readonly (readonly number[])[];
}

export function observe(images: readonly NaiveImage[]): Observation {
  const [experts, classes] = [images[0]!.logits.length, images[0]!.logits[0]!.length];
  const shape = [images.length, classes];
  return {
    logits: Array.from({ length: experts }, (_, k) =>
      tensor(
        images.flatMap(({ logits }) => logits[k]!),
        { shape },
      ),
    ),
    labels: tensor(
      images.map(({ label }) => label),
      { dtype: "int64" },
    ),
    indices: Int32Array.from(images, ({ index }) => index),
  };
}

export function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** The ensemble's logits. */
export function mean({ logits }: Pick<NaiveImage, "logits">): number[] {
  return logits[0]!.map((_, c) => logits.reduce((sum, expert) => sum + expert[c]!, 0) / logits.length);
}

export function answer(logits: readonly number[]): number {
  return logits.indexOf(Math.max(...logits));
}

/** Calibration of one network, whose logits `of` picks. */
export function naiveCalibration(
  images: readonly NaiveImage[],
  of: (image: NaiveImage) => readonly number[],
): Calibration | null {
  if (images.length === 0) return null;
  const reported = images.map((image) => {
    const probabilities = softmax(of(image));
    const squares = probabilities.map((p, c) => (p - (c === image.label ? 1 : 0)) ** 2);
    return {
      confidence: Math.max(...probabilities),
      right: answer(of(image)) === image.label,
      nll: -Math.log(probabilities[image.label]!),
      brier: squares.reduce((sum, square) => sum + square, 0),
    };
  });
  const average = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const bins = Array.from({ length: 15 }, (_, b) => {
    const within = reported.filter(({ confidence: p }) => p > b / 15 && p <= (b + 1) / 15);
    if (within.length === 0) return { images: 0, confidence: null, accuracy: null };
    return {
      images: within.length,
      confidence: 100 * average(within.map(({ confidence }) => confidence)),
      accuracy: 100 * average(within.map(({ right }) => Number(right))),
    };
  });
  const gaps = bins.map((bin) => Math.abs((bin.accuracy ?? 0) - (bin.confidence ?? 0)));
  return {
    images: images.length,
    accuracy: 100 * average(reported.map(({ right }) => Number(right))),
    confidence: 100 * average(reported.map(({ confidence }) => confidence)),
    ece: gaps.reduce((sum, gap, b) => sum + (gap * bins[b]!.images) / images.length, 0),
    mce: Math.max(...gaps),
    nll: average(reported.map(({ nll }) => nll)),
    brier: average(reported.map(({ brier }) => brier)),
    bins,
  };
}

export function naiveAgreement(images: readonly NaiveImage[]): Agreement | null {
  if (images.length === 0) return null;
  const experts = images[0]!.logits.length;
  const share = (is: (image: NaiveImage, answers: number[]) => boolean): number =>
    (100 * images.filter((image) => is(image, image.logits.map(answer))).length) / images.length;
  const pairs = Array.from({ length: experts }, (_, i) => i).flatMap((i) =>
    Array.from({ length: experts - i - 1 }, (_, j) => [i, i + j + 1] as const),
  );
  const divergence = (i: number, j: number): number =>
    images.reduce((sum, { logits }) => {
      const [p, q] = [softmax(logits[i]!), softmax(logits[j]!)];
      return sum + p.reduce((kl, one, c) => kl + (one - q[c]!) * Math.log(one / q[c]!), 0);
    }, 0) / images.length;
  const agreements = pairs.map(([i, j]) => ({
    experts: [i, j] as const,
    same: share((_, answers) => answers[i] === answers[j]),
    bothRight: share(({ label }, answers) => answers[i] === label && answers[j] === label),
    bothWrong: share(({ label }, answers) => answers[i] !== label && answers[j] !== label),
    divergence: divergence(i, j),
  }));
  return {
    images: images.length,
    pairs: agreements,
    anyRight: share(({ label }, answers) => answers.includes(label)),
    allRight: share(({ label }, answers) => answers.every((one) => one === label)),
    disagreement: agreements.reduce((sum, { same }) => sum + (100 - same) / agreements.length, 0),
  };
}
