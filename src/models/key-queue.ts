import { Module } from "../nn/module.js";
import { normalize } from "../nn/normalize.js";
import { noGrad } from "../torch/autograd.js";
import { zeros } from "../torch/create.js";
import type { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

/**
 * The latest keys of one expert, oldest overwritten first; random unit vectors until there are enough. The queue wraps:
 * batches need not divide it. He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020.
 */
export class KeyQueue extends Module {
  readonly keys: Tensor; // [E, Q], a unit vector a column
  readonly #next: Tensor; // int64 [1], the column that the next key goes to
  readonly #size: number;

  constructor({ dimension, size, rng }: { dimension: number; size: number; rng: Rng }) {
    super();
    using _ = scope();
    this.keys = this.buffer("queue", normalize(rng.normal([dimension, size]), 0));
    this.#next = this.buffer("queue_ptr", zeros([1], { dtype: "int64" }));
    this.#size = size;
  }

  /** keys [N, E], at most as many as the queue holds. */
  enqueue(keys: Tensor): void {
    using _scope = scope();
    using _noGrad = noGrad();
    const [count] = keys.shape as [number, number];
    const start = this.#next.item();
    const beforeEnd = Math.min(count, this.#size - start);
    const columns = keys.t();
    this.keys.narrow(1, start, beforeEnd).copy_(columns.narrow(1, 0, beforeEnd));
    this.keys.narrow(1, 0, count - beforeEnd).copy_(columns.narrow(1, beforeEnd, count - beforeEnd));
    this.#next.fill_((start + count) % this.#size);
  }
}
