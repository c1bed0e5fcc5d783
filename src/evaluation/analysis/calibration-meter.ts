import type { ByGroup, Calibration, ConfidenceBin } from "../analysis.js";
import { Grouped } from "../by-group.js";
import type { Group } from "../../data/groups.js";
import { maxOf, sum } from "../../support/math.js";
import { increment, raise } from "../tally.js";
import type { Predictions } from "./predictions.js";

const BINS = 15; // as Guo et al. have them

/** Sums over images, in float64. */
interface Sums {
  images: number;
  loss: number;
  brier: number;
  /** [15] each, by the answer's probability. */
  readonly inBin: Float64Array;
  readonly confidence: Float64Array;
  readonly correct: Float64Array;
}

/**
 * How far the probabilities of one network can be trusted, for all images and by group. Predictions are sorted into 15 bins
 * of equal width by their probability; ECE = Σ_b |b|/N · |accuracy − confidence|, MCE the largest of these differences:
 * Guo et al., "On calibration of modern neural networks", ICML 2017, eq. 3 and 5.
 */
export class CalibrationMeter {
  readonly #sums: Grouped<Sums>;

  constructor(groupOfClass: readonly Group[]) {
    this.#sums = new Grouped(groupOfClass, () => ({
      ...{ images: 0, loss: 0, brier: 0 },
      inBin: new Float64Array(BINS),
      confidence: new Float64Array(BINS),
      correct: new Float64Array(BINS),
    }));
  }

  /** labels [N] */
  add({ answer, confidence, loss, brier }: Predictions, labels: Int32Array): void {
    labels.forEach((label, i) => {
      const bin = binOf(confidence[i]!);
      for (const sums of this.#sums.of(label)) {
        sums.images += 1;
        sums.loss += loss[i]!;
        sums.brier += brier[i]!;
        increment(sums.inBin, bin);
        raise(sums.confidence, bin, confidence[i]!);
        if (answer[i] === label) increment(sums.correct, bin);
      }
    });
  }

  /** Of everything added so far; at least one image. */
  result(): ByGroup<Calibration> {
    return this.#sums.map(calibration);
  }
}

/** The bins are (0, 1/15], (1/15, 2/15], …, (14/15, 1]. */
function binOf(confidence: number): number {
  return Math.min(BINS, Math.max(1, Math.ceil(confidence * BINS))) - 1;
}

function calibration({ images, loss, brier, inBin, confidence, correct }: Sums): Calibration | null {
  if (images === 0) return null;
  const share = (sums: Float64Array, b: number): number => (100 * sums[b]!) / inBin[b]!;
  const gaps = Array.from(inBin, (count, b) =>
    count === 0 ? 0 : Math.abs(share(correct, b) - share(confidence, b)),
  );
  const total = (sums: Float64Array): number => (100 * sum(sums)) / images;
  return {
    images,
    accuracy: total(correct),
    confidence: total(confidence),
    ece: gaps.reduce((weighted, gap, b) => weighted + gap * inBin[b]!, 0) / images,
    mce: maxOf(gaps),
    nll: loss / images,
    brier: brier / images,
    bins: Array.from(inBin, (count, b): ConfidenceBin =>
      count === 0
        ? { images: 0, confidence: null, accuracy: null }
        : { images: count, confidence: share(confidence, b), accuracy: share(correct, b) },
    ),
  };
}
