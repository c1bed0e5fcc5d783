import { tensor } from "../../torch/create.js";
import { stack } from "../../torch/operators.generated.js";
import { dispose, keepForever, scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import type { Meter, Observation } from "../meter.js";

/** Numbers that are kept at most: half a gigabyte of float32. */
const MAX_NUMBERS = 2 ** 27;

/** Logits of some images, on the CPU. */
export interface LogitBatch {
  /** [K, n, C], float32 */
  readonly logits: Tensor;
  /** int64 [n] */
  readonly labels: Tensor;
}

/**
 * Keeps the logits of a pass, to fit something to them. Where those of all images would not fit half a gigabyte it keeps
 * every second, third, … image by its place in the split, whatever the batches.
 */
export class KeptLogits implements Meter, Disposable {
  readonly batches: LogitBatch[] = [];
  readonly #every: number;

  /** images: of the whole pass */
  constructor({ images, experts, classes }: { images: number; experts: number; classes: number }) {
    this.#every = Math.max(1, Math.ceil((images * experts * classes) / MAX_NUMBERS));
  }

  /** How many images are kept. */
  get images(): number {
    return this.batches.reduce((sum, { labels }) => sum + labels.size, 0);
  }

  add({ logits, labels, indices }: Observation): void {
    using _scope = scope();
    const rows = Array.from(indices.keys()).filter((row) => indices[row]! % this.#every === 0);
    if (rows.length === 0) return;
    const chosen = tensor(rows, { dtype: "int64" });
    const kept = {
      logits: stack(logits).to({ dtype: "float32", device: "cpu" }).indexSelect(1, chosen),
      labels: labels.to({ device: "cpu" }).indexSelect(0, chosen),
    };
    keepForever(Object.values(kept));
    this.batches.push(kept);
  }

  [Symbol.dispose](): void {
    for (const { logits, labels } of this.batches.splice(0)) dispose(logits, labels);
  }
}
