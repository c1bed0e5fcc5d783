import { DataError } from "../support/errors.js";
import { tensor } from "../torch/create.js";
import type { Tensor } from "../torch/tensor.js";

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
  const empty = counts.findIndex((count) => !(count > 0));
  if (empty >= 0) {
    throw new DataError(
      `class "${classes[empty]}": expected at least one training image (balanced logits take the log of their number), ` +
        `found ${counts[empty]}`,
    );
  }
  return tensor(Float32Array.from(counts, Math.log));
}
