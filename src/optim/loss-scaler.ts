import { full, zeros } from "../torch/create.js";
import { noGrad } from "../torch/autograd.js";
import { ampUnscale_ } from "../torch/operators.generated.js";
import { dispose, keepForever, scope } from "../torch/scope.js";
import { matchState } from "../torch/state-dict.js";
import type { Tensor } from "../torch/tensor.js";

const INITIAL = 2 ** 16;
const GROWTH = 2;
const BACKOFF = 0.5;
const INTERVAL = 2000;
/** A scale below it says that gradients overflow, or are NaN, whatever the scale: 30 halvings from where it begins. */
export const MIN_SCALE = 2 ** -14;

export interface LossScalerOptions {
  readonly device?: string; // of the gradients; "cpu"
  readonly initial?: number;
  /** Steps with finite gradients after which the scale grows. */
  readonly interval?: number;
}

/**
 * Keeps small gradients above float16's smallest number: the loss is multiplied by a scale before the backward pass and
 * the gradients are divided by it after. A step whose gradients overflowed is left out and halves the scale; after 2000
 * steps without one it doubles. Micikevicius et al., "Mixed precision training", ICLR 2018; the values are those of
 * PyTorch's GradScaler. The scale lies on the gradients' device, and no step waits for it.
 */
export class LossScaler implements Disposable {
  readonly #scale: Tensor; // float32 scalar
  readonly #finite: Tensor; // int32 scalar: steps with finite gradients since the scale last changed
  readonly #foundInf: Tensor; // float32 scalar: 1 when the latest gradients were not finite, else 0
  readonly #interval: number;

  constructor({ device = "cpu", initial = INITIAL, interval = INTERVAL }: LossScalerOptions = {}) {
    this.#scale = keepForever(full([], initial, { device }));
    this.#finite = keepForever(zeros([], { dtype: "int32", device }));
    this.#foundInf = keepForever(zeros([], { device }));
    this.#interval = interval;
  }

  /** Waits for the device. */
  get scale(): number {
    return this.#scale.item();
  }

  /** float32 scalar; every update() changes it. */
  get scaleOnDevice(): Tensor {
    return this.#scale;
  }

  /** The loss to run backward. */
  scaled(loss: Tensor): Tensor {
    return loss.mul(this.#scale);
  }

  /** Divides the gradients of a scaled loss by the scale, in place. Returns 1 when one is not finite, else 0. */
  unscale(gradients: readonly Tensor[]): Tensor {
    using _scope = scope();
    using _noGrad = noGrad();
    this.#foundInf.fill_(0);
    ampUnscale_(gradients, this.#foundInf, this.#scale.pow(-1));
    return this.#foundInf;
  }

  /** Sets the scale for the next step by what the latest unscale() found. */
  update(): void {
    using _ = noGrad();
    this.#scale.ampUpdateScale_(this.#finite, this.#foundInf, GROWTH, BACKOFF, this.#interval);
  }

  stateDict(): Map<string, Tensor> {
    return new Map([
      ["scale", this.#scale],
      ["growth_tracker", this.#finite],
    ]);
  }

  /** @throws CheckpointError that names the tensor which is missing. */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    using _ = noGrad();
    for (const [own, saved] of matchState(this.stateDict(), state, { what: "loss scaler's state" }))
      own.copy_(saved);
  }

  [Symbol.dispose](): void {
    dispose(this.#scale, this.#finite, this.#foundInf);
  }
}
