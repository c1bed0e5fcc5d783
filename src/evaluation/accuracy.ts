import { noGrad } from "../torch/autograd.js";
import { cat, stack } from "../torch/operators.generated.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { groupOf } from "./groups.js";
import type { Group, GroupRule } from "./groups.js";

/** Top-1 accuracy in percent. A group without test images is null. */
export interface GroupAccuracy {
  readonly all: number;
  readonly many: number | null;
  readonly medium: number | null;
  readonly few: number | null;
}

export interface ClassAccuracy {
  readonly name: string;
  readonly trainImages: number;
  readonly testImages: number;
  /** Of the ensemble, in percent; null for a class without test images. */
  readonly accuracy: number | null;
}

export interface EvaluationResult {
  readonly ensemble: GroupAccuracy;
  readonly experts: readonly GroupAccuracy[];
  readonly perClass: readonly ClassAccuracy[];
  /** Mean cross-entropy of the ensemble's logits, in nats. */
  readonly loss: number;
  readonly images: number;
  readonly groups: GroupRule;
}

export interface AccuracyMeterOptions {
  readonly classes: readonly string[];
  /** Training images of each class: they decide its group. */
  readonly counts: readonly number[];
  readonly experts: number;
  readonly groups: GroupRule;
}

const SUM = 2; // libtorch's Reduction::Sum

/**
 * Counts the right answers of an ensemble and of each of its experts, class by class.
 *
 * The ensemble is the mean of the experts' raw logits. Right answers are integers, so the accuracies do not depend on
 * the size or the order of the batches; the loss is summed in float64.
 */
export class AccuracyMeter {
  private readonly options: AccuracyMeterOptions;
  private readonly right: Float64Array; // of the ensemble, for each class
  private readonly expertsRight: Float64Array[]; // of each expert, for each class
  private readonly seen: Float64Array; // test images of each class
  private lossSum = 0;

  constructor(options: AccuracyMeterOptions) {
    this.options = options;
    const size = options.classes.length;
    this.right = new Float64Array(size);
    this.expertsRight = Array.from({ length: options.experts }, () => new Float64Array(size));
    this.seen = new Float64Array(size);
  }

  /** Adds a batch: raw logits [N, C] of each expert, labels int64 [N]. */
  add(logits: readonly Tensor[], labels: Tensor): void {
    if (logits.length !== this.options.experts)
      throw new RangeError(
        `AccuracyMeter: expected logits of ${this.options.experts} experts, received ${logits.length}`,
      );
    using _scope = scope();
    using _noGrad = noGrad();
    const experts = stack([...logits]); // [K, N, C]
    const ensemble = experts.mean({ dim: [0] }); // [N, C]
    const answers = cat([ensemble.unsqueeze(0), experts]).argmax({ dim: 2 }); // [K + 1, N]
    this.lossSum += ensemble.to({ dtype: "float64" }).crossEntropyLoss(labels, { reduction: SUM }).item();
    this.count(
      cat([labels.unsqueeze(0), answers])
        .to({ dtype: "int32" })
        .toArray() as Int32Array,
      labels.size,
    );
  }

  /** The accuracies of everything added so far; at least one batch. */
  result(): EvaluationResult {
    const { classes, counts, groups } = this.options;
    const images = sum(this.seen);
    if (images === 0) throw new RangeError("AccuracyMeter: nothing was added");
    const groupOfClass = groupOf(counts, groups);
    const accuracies = (right: Float64Array): GroupAccuracy => groupAccuracy(right, this.seen, groupOfClass);
    const perClass = classes.map((name, c) => {
      const trainImages = counts[c] ?? 0;
      const testImages = this.seen[c] ?? 0;
      return { name, trainImages, testImages, accuracy: percent(this.right[c] ?? 0, testImages) };
    });
    return {
      ensemble: accuracies(this.right),
      experts: this.expertsRight.map(accuracies),
      perClass,
      loss: this.lossSum / images,
      images,
      groups,
    };
  }

  /** rows: [K + 2, images]: the labels, the ensemble's answers, then each expert's. */
  private count(rows: Int32Array, images: number): void {
    const labels = rows.subarray(0, images);
    [this.right, ...this.expertsRight].forEach((right, k) => {
      const answers = rows.subarray((k + 1) * images, (k + 2) * images);
      labels.forEach((label, i) => {
        if (answers[i] === label) increment(right, label);
      });
    });
    for (const label of labels) increment(this.seen, label);
  }
}

function groupAccuracy(
  right: Float64Array,
  seen: Float64Array,
  groupOfClass: readonly Group[],
): GroupAccuracy {
  const within = (group: Group): number | null => {
    const ofGroup = (_: number, c: number): boolean => groupOfClass[c] === group;
    return percent(sum(right.filter(ofGroup)), sum(seen.filter(ofGroup)));
  };
  return {
    all: (100 * sum(right)) / sum(seen),
    many: within("many"),
    medium: within("medium"),
    few: within("few"),
  };
}

function increment(counts: Float64Array, index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : (100 * part) / whole;
}
