import type { Labelled } from "../methods/method.js";
import { cat } from "../torch/operators.generated.js";

export interface MicroBatch extends Labelled {
  /** Of the batch's images that are in this part. */
  readonly share: number;
}

/**
 * Cuts a batch into parts whose sizes differ by one image at most; a batch of fewer images than parts gives a part for
 * each. Every view of an image goes into the same part: images [V·N, 3, H, W] are ordered by view, labels are [N].
 */
export function* microBatches(batch: Labelled, parts: number): Generator<MicroBatch> {
  const { images, labels, mixed } = batch;
  const [total = 0] = labels.shape;
  const views = (images.shape[0] ?? 0) / total;
  const number = Math.min(parts, total);
  for (let part = 0; part < number; part += 1) {
    const start = Math.floor((part * total) / number);
    const size = Math.floor(((part + 1) * total) / number) - start;
    const ofViews = Array.from({ length: views }, (_, view) => images.narrow(0, view * total + start, size));
    yield {
      ...batch,
      images: ofViews.length === 1 ? ofViews[0]! : cat(ofViews),
      labels: labels.narrow(0, start, size),
      mixed: mixed ? { ...mixed, labels: mixed.labels.narrow(0, start, size) } : null,
      share: size / total,
      lastPart: part === number - 1,
    };
  }
}
