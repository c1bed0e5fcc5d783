import { tensor } from "../../torch/create.js";
import type { Tensor } from "../../torch/tensor.js";
import { stack } from "../../torch/operators.generated.js";
import { DataError } from "../../support/errors.js";

/**
 * Σ_k CE(z_k, y), each a batch mean: the sum of K experts' cross-entropies. z [K, N, C], labels y int64 [N].
 * With smoothing ε the target is (1 − ε) · one-hot(y) + ε / C (Szegedy et al., CVPR 2016).
 */
export function crossEntropy(logits: Tensor, labels: Tensor, { labelSmoothing = 0 } = {}): Tensor {
  const [experts] = logits.shape as [number, number, number];
  const rows = logits.flatten({ startDim: 0, endDim: 1 });
  return rows.crossEntropyLoss(labels.repeat([experts]), { labelSmoothing }).mul(experts);
}

/** Targets of a batch's images. */
export interface Targets {
  /** int64 [N]. */
  readonly labels: Tensor;
  /** Second targets of mixed images; null, the default: each image shows one thing. */
  readonly mixed?: MixedTargets | null;
}

/** Second targets: each image shows what its label says by `share`, and something else by the rest. */
export interface MixedTargets {
  /** int64 [N]: the other thing. */
  readonly labels: Tensor;
  readonly share: number;
}

/** λ · L(y) + (1 − λ) · L(y′) for images that show y by a share λ and y′ by the rest. Zhang et al., "mixup", ICLR 2018. */
export function overTargets({ labels, mixed }: Targets, loss: (labels: Tensor) => Tensor): Tensor {
  if (!mixed) return loss(labels);
  return loss(labels)
    .mul(mixed.share)
    .add(loss(mixed.labels).mul(1 - mixed.share));
}

// Between float32's largest value (3.4e38) and any logit of a sane network, so that sums over experts, images and
// classes of what lies within stay finite.
const BOUND = 1e30;

/**
 * Logits [N, C] of K experts as the losses take them: one tensor [K, N, C], float32 under autocast too (float64 stays).
 * Values beyond ±1e30 are cut there, so that no loss and no gradient overflows; an infinite one becomes NaN, so that
 * a training that has diverged is noticed.
 */
export function stackLogits(logits: readonly Tensor[]): Tensor {
  const stacked = stack(logits);
  const z = stacked.dtype === "float64" ? stacked : stacked.to({ dtype: "float32" });
  return z.clamp({ min: -BOUND, max: BOUND }).add(z.mul(0));
}

/**
 * z′ = z + log n: logits [..., C] raised by the log of the classes' numbers of training images [C], so that softmax(z)
 * alone fits classes of equal size. For training only; prediction uses z. Ren et al., NeurIPS 2020.
 */
export function balancedLogits(logits: Tensor, logCounts: Tensor): Tensor {
  return logits.add(logCounts);
}

/**
 * log n [C], float32, from the number of training images of each class.
 * @throws DataError that names a class without training images: log 0 would poison every gradient.
 */
export function logCounts(counts: readonly number[], classes: readonly string[]): Tensor {
  assertEveryClassHasImages(counts, classes, "balanced logits take the log of their number");
  return tensor(Float32Array.from(counts, Math.log));
}

/** @throws DataError that names a class without training images. `why`: what needs one of each. */
export function assertEveryClassHasImages(
  counts: readonly number[],
  classes: readonly string[],
  why: string,
): void {
  const empty = counts.findIndex((count) => !(count > 0));
  if (empty === -1) return;
  throw new DataError(
    `class "${classes[empty]}": expected at least one training image (${why}), found ${counts[empty]}`,
  );
}
