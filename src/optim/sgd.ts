import { CheckpointError } from "../support/errors.js";
import { clearGradients, gradients as gradientsOf, noGrad } from "../torch/autograd.js";
import { foreachAdd, foreachAdd_, foreachMul_ } from "../torch/operators.generated.js";
import { dispose, keepForever, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { clipGradientNorm } from "./clip.js";

export interface SgdOptions {
  lr: number;
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
  clipNorm?: number | null; // largest norm of all gradients together; null: not clipped
}

/**
 * Stochastic gradient descent as PyTorch's SGD computes it, for every parameter θ with gradient ∇:
 *   g = ∇ + λθ;  v = μv + g (first step: v = g);  θ ← θ − η (g + μv with Nesterov, v without).
 * λ weight decay (on every parameter, biases and norms too), μ momentum, η the rate. Parameters without a gradient
 * are left as they are. Nesterov's form: Sutskever et al., ICML 2013.
 */
export class Sgd {
  lr: number;
  readonly #parameters: readonly Tensor[];
  readonly #options: Required<Omit<SgdOptions, "lr">>;
  readonly #velocities: (Tensor | undefined)[];

  constructor(parameters: readonly Tensor[], options: SgdOptions) {
    const { lr, momentum = 0, nesterov = false, weightDecay = 0, clipNorm = null } = options;
    this.lr = lr;
    this.#parameters = parameters;
    this.#options = { momentum, nesterov, weightDecay, clipNorm };
    this.#velocities = parameters.map(() => undefined);
  }

  zeroGrad(): void {
    clearGradients(this.#parameters);
  }

  /** Returns the norm of all gradients before clipping, or null when they are not clipped. */
  step(): { gradNorm: number | null } {
    using _ = scope();
    using __ = noGrad();
    const { momentum, nesterov, weightDecay, clipNorm } = this.#options;
    const { indices, parameters, found } = this.#withGradient();
    let gradients: readonly Tensor[] = found;
    if (gradients.length === 0) return { gradNorm: null };

    const gradNorm = clipNorm === null ? null : clipGradientNorm(gradients, clipNorm);
    if (weightDecay !== 0) gradients = foreachAdd(gradients, parameters, { alpha: weightDecay });
    if (momentum !== 0) {
      const velocities = this.#updateVelocities(indices, gradients, momentum);
      gradients = nesterov ? foreachAdd(gradients, velocities, { alpha: momentum }) : velocities;
    }
    foreachAdd_(parameters, gradients, { alpha: -this.lr });
    return { gradNorm };
  }

  /** Momentum buffers by parameter number; a parameter that never had a gradient has none. */
  stateDict(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    this.#velocities.forEach((velocity, index) => {
      if (velocity !== undefined) state.set(velocityName(index), velocity);
    });
    return state;
  }

  /** @throws CheckpointError that names the first tensor that does not fit the parameters. */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    using _ = noGrad();
    const known = new Set(this.#parameters.map((_parameter, index) => velocityName(index)));
    for (const name of state.keys()) {
      if (!known.has(name))
        throw new CheckpointError(`optimizer state: "${name}": expected no such tensor, found one`);
    }
    this.#parameters.forEach((parameter, index) => {
      const saved = state.get(velocityName(index));
      if (saved !== undefined && saved.shape.join() !== parameter.shape.join()) {
        const shapes = `expected shape [${parameter.shape.join(", ")}], found [${saved.shape.join(", ")}]`;
        throw new CheckpointError(`optimizer state: "${velocityName(index)}": ${shapes}`);
      }
    });
    this.dispose();
    this.#parameters.forEach((parameter, index) => {
      const saved = state.get(velocityName(index));
      if (saved !== undefined) this.#velocities[index] = keepForever(parameter.detach().clone().copy_(saved));
    });
  }

  dispose(): void {
    dispose(...this.stateDict().values());
    this.#velocities.fill(undefined);
  }

  #withGradient(): { indices: number[]; parameters: Tensor[]; found: Tensor[] } {
    const indices: number[] = [];
    const found: Tensor[] = [];
    gradientsOf(this.#parameters).forEach((gradient, index) => {
      if (gradient === null) return;
      indices.push(index);
      found.push(gradient);
    });
    return { indices, parameters: indices.map((index) => this.#parameters[index]!), found };
  }

  /** Returns the velocities of the numbered parameters after the update; those without one start as the gradient. */
  #updateVelocities(indices: readonly number[], gradients: readonly Tensor[], momentum: number): Tensor[] {
    const isOld = indices.map((index) => this.#velocities[index] !== undefined);
    const started = keepForever(
      gradients.filter((_, position) => !isOld[position]).map((gradient) => gradient.clone()),
    );
    const next = started.values();
    const velocities = indices.map((index) => (this.#velocities[index] ??= next.next().value!));
    const old = velocities.filter((_, position) => isOld[position]);
    if (old.length > 0) {
      foreachMul_(old, momentum);
      foreachAdd_(
        old,
        gradients.filter((_, position) => isOld[position]),
        { alpha: 1 },
      );
    }
    return velocities;
  }
}

function velocityName(index: number): string {
  return `momentum_buffer.${index}`;
}
