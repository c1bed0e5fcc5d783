import { clearGradients, gradients as gradientsOf, noGrad } from "../torch/autograd.js";
import { full } from "../torch/create.js";
import { foreachNorm, foreachScale_, stack } from "../torch/operators.generated.js";
import { dispose, keep, keepForever, scope } from "../torch/scope.js";
import { matchState } from "../torch/state-dict.js";
import type { Tensor } from "../torch/tensor.js";
import type { LossScaler } from "./loss-scaler.js";

const EPSILON = 1e-6; // as PyTorch's clip_grad_norm_ adds it to the norm

/**
 * Scales the gradients in place so that the norm of all of them together is at most `limit`, and returns the norm
 * before, a scalar that nobody has waited for. g ← g · min(1, limit / (|g| + 1e-6)). Pascanu et al., ICML 2013. Call
 * inside a scope.
 */
function clipGradientNorm(gradients: readonly Tensor[], limit: number): Tensor {
  const norm = stack(foreachNorm(gradients)).linalgVectorNorm();
  foreachScale_(gradients, norm.add(EPSILON).pow(-1).mul(limit).clamp({ max: 1 }));
  return norm;
}

export interface OptimizerOptions {
  lr: number;
  clipNorm?: number | null; // largest norm of all gradients together; null: not clipped
  factors?: readonly number[] | null; // of lr, for each parameter; null: 1 for all
}

/** Parameters that are updated with one learning rate, and their gradients. */
export interface Update {
  readonly parameters: readonly Tensor[];
  readonly gradients: readonly Tensor[];
  /** A float32 scalar where the rate lies on the device. */
  readonly lr: number | Tensor;
  /** 1 where a gradient is not finite and nothing may change; null where the loss is not scaled. */
  readonly foundInf: Tensor | null;
}

/**
 * Changes parameters by their gradients. Parameters without a gradient are left as they are, even with weight decay. A
 * subclass computes the update and says what it remembers of each parameter, its slots.
 */
export abstract class Optimizer implements Disposable {
  #lr: number;
  /** The rate by its factor where the device reads it, so that a recorded step takes the one of its day. */
  readonly #rates = new Map<number, Tensor>();
  readonly #parameters: readonly Tensor[];
  readonly #clipNorm: number | null;
  readonly #factors: ReadonlyMap<Tensor, number>;
  readonly #slots = new Map<string, Map<Tensor, Tensor>>(); // of each parameter that has had a gradient

  constructor(
    parameters: readonly Tensor[],
    { lr, clipNorm = null, factors = null }: OptimizerOptions,
    slots: readonly string[],
  ) {
    this.#lr = lr;
    this.#parameters = parameters;
    this.#clipNorm = clipNorm;
    this.#factors = new Map(parameters.map((parameter, index) => [parameter, factors?.[index] ?? 1]));
    for (const slot of slots) this.#slots.set(slot, new Map());
  }

  /** Computes new parameters in place. */
  protected abstract update(update: Update): void;

  /** What a slot holds of a parameter before its first gradient. */
  protected abstract initial(slot: string, parameter: Tensor): Tensor;

  /** Learning rate of parameters whose factor is 1. */
  get lr(): number {
    return this.#lr;
  }

  set lr(lr: number) {
    if (lr !== this.#lr) for (const [factor, rate] of this.#rates) rate.fill_(lr * factor);
    this.#lr = lr;
  }

  /** From here on the rate lies on the parameters' device, as a float32. */
  keepRateOnDevice(): void {
    const device = this.#parameters[0]?.device ?? "cpu";
    for (const factor of new Set(this.#factors.values()))
      if (!this.#rates.has(factor))
        this.#rates.set(factor, keepForever(full([], this.#lr * factor, { device })));
  }

  zeroGrad(): void {
    clearGradients(this.#parameters);
  }

  /**
   * Returns the norm of all gradients before clipping, float32 or as the parameters are, or null when they are not
   * clipped. With a scaler the gradients are those of a scaled loss: they are unscaled first, and where one is not finite
   * nothing but the scale changes. Nothing here waits for the device.
   */
  step({ scaler = null }: { scaler?: LossScaler | null } = {}): { gradNorm: Tensor | null } {
    using _scope = scope();
    using _noGrad = noGrad();
    const all = gradientsOf(this.#parameters);
    const found = this.#parameters.flatMap((parameter, index) => {
      const gradient = all[index];
      return !gradient ? [] : [{ parameter, gradient, factor: this.#factors.get(parameter)! }];
    });
    if (found.length === 0) return { gradNorm: null };
    const gradients = found.map(({ gradient }) => gradient);
    const foundInf = scaler?.unscale(gradients) ?? null;
    const gradNorm = this.#clipNorm === null ? null : keep(clipGradientNorm(gradients, this.#clipNorm));
    for (const factor of new Set(found.map((one) => one.factor))) {
      const group = found.filter((one) => one.factor === factor);
      this.update({
        parameters: group.map(({ parameter }) => parameter),
        gradients: group.map(({ gradient }) => gradient),
        lr: this.#rates.get(factor) ?? this.#lr * factor,
        foundInf,
      });
    }
    scaler?.update();
    return { gradNorm };
  }

  /** What is remembered by parameter number ("momentum_buffer.0"); nothing of a parameter that never had a gradient. */
  stateDict(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    this.#parameters.forEach((parameter, index) => {
      for (const [slot, values] of this.#slots) {
        const value = values.get(parameter);
        if (value !== undefined) state.set(`${slot}.${index}`, value);
      }
    });
    return state;
  }

  /** @throws CheckpointError that names the first tensor that does not fit the parameters; nothing has changed then. */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    using _scope = scope();
    using _noGrad = noGrad();
    const known = new Map<string, Tensor>();
    const places = new Map<string, { readonly slot: string; readonly parameter: Tensor }>();
    this.#parameters.forEach((parameter, index) => {
      for (const slot of this.#slots.keys()) {
        const name = `${slot}.${index}`;
        if (!state.has(name)) continue;
        known.set(name, this.initial(slot, parameter));
        places.set(name, { slot, parameter });
      }
    });
    matchState(known, state, { what: "optimizer state", exact: true });
    this.#forget();
    for (const [name, { slot, parameter }] of places) this.slotOf(slot, parameter).copy_(state.get(name)!);
  }

  [Symbol.dispose](): void {
    this.#forget();
    dispose(...this.#rates.values());
    this.#rates.clear();
  }

  /** What is remembered of a parameter. */
  protected slotOf(slot: string, parameter: Tensor): Tensor {
    const values = this.#slots.get(slot)!;
    const known = values.get(parameter);
    if (known !== undefined) return known;
    const value = keepForever(this.initial(slot, parameter));
    values.set(parameter, value);
    return value;
  }

  #forget(): void {
    for (const values of this.#slots.values()) {
      dispose(...values.values());
      values.clear();
    }
  }
}
