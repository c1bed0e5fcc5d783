import { handles } from "../torch/dispatch.js";
import type { Tensor } from "../torch/tensor.js";
import { distributed } from "./native.js";
import type { ProcessGroup } from "./process-group.js";

/** PyTorch's default: large enough to be worth a message, small enough to begin before backward ends. */
const BUCKET_BYTES = 25 * 2 ** 20;

/**
 * c10d's Reducer: gradients of a backward become their mean over the processes, bucket after bucket, while the backward
 * goes on. A parameter that no process used keeps what gradient it had.
 */
export class GradientReducer implements Disposable {
  readonly #id: number;

  /** The parameters that are trained, in the same order in every process. */
  constructor(group: ProcessGroup, parameters: readonly Tensor[]) {
    this.#id = distributed().openReducer(group.id, handles(parameters), BUCKET_BYTES);
  }

  /**
   * Reduces the next backward, which must begin at `outputs`. Without it a backward adds to this process's gradients
   * alone, and they are reduced with the next one that is prepared: parts of a batch cost one reduction.
   */
  prepare(outputs: readonly Tensor[]): void {
    distributed().prepareReducer(this.#id, handles(outputs));
  }

  [Symbol.dispose](): void {
    distributed().closeReducer(this.#id);
  }
}
