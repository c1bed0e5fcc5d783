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
  readonly #velocities = new Map<Tensor, Tensor>(); // of each parameter that has had a gradient

  constructor(parameters: readonly Tensor[], options: SgdOptions) {
    const { lr, momentum = 0, nesterov = false, weightDecay = 0, clipNorm = null } = options;
    this.lr = lr;
    this.#parameters = parameters;
    this.#options = { momentum, nesterov, weightDecay, clipNorm };
  }

  zeroGrad(): void {
    clearGradients(this.#parameters);
  }

  /** Returns the norm of all gradients before clipping, or null when they are not clipped. */
  step(): { gradNorm: number | null } {
    using _scope = scope();
    using _noGrad = noGrad();
    const { momentum, nesterov, weightDecay, clipNorm } = this.#options;
    const found = gradientsOf(this.#parameters);
    const parameters = this.#parameters.filter((_, index) => found[index] !== null);
    let gradients = found.filter((gradient) => gradient !== null);
    if (gradients.length === 0) return { gradNorm: null };

    const gradNorm = clipNorm === null ? null : clipGradientNorm(gradients, clipNorm);
    if (weightDecay !== 0) gradients = foreachAdd(gradients, parameters, { alpha: weightDecay });
    if (momentum !== 0) {
      const velocities = parameters.map((parameter) => this.#velocityOf(parameter));
      foreachMul_(velocities, momentum);
      foreachAdd_(velocities, gradients);
      gradients = nesterov ? foreachAdd(gradients, velocities, { alpha: momentum }) : velocities;
    }
    foreachAdd_(parameters, gradients, { alpha: -this.lr });
    return { gradNorm };
  }

  /** Velocities by parameter number ("momentum_buffer.0"); a parameter that never had a gradient has none. */
  stateDict(): Map<string, Tensor> {
    const state = new Map<string, Tensor>();
    this.#parameters.forEach((parameter, index) => {
      const velocity = this.#velocities.get(parameter);
      if (velocity !== undefined) state.set(velocityName(index), velocity);
    });
    return state;
  }

  /** @throws CheckpointError that names the first tensor that does not fit the parameters; nothing has changed then. */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    const byName = new Map(this.#parameters.map((parameter, index) => [velocityName(index), parameter]));
    const pairs = Array.from(state, ([name, saved]) => [parameterOf(name, saved, byName), saved] as const);
    using _ = noGrad();
    this.dispose();
    for (const [parameter, saved] of pairs) this.#velocityOf(parameter).copy_(saved);
  }

  dispose(): void {
    dispose(...this.#velocities.values());
    this.#velocities.clear();
  }

  /** A velocity starts at zero, which makes the first one the gradient, as in PyTorch. */
  #velocityOf(parameter: Tensor): Tensor {
    const known = this.#velocities.get(parameter);
    if (known !== undefined) return known;
    const velocity = keepForever(parameter.clone().zero_());
    this.#velocities.set(parameter, velocity);
    return velocity;
  }
}

function velocityName(index: number): string {
  return `momentum_buffer.${index}`;
}

function parameterOf(name: string, saved: Tensor, parameters: ReadonlyMap<string, Tensor>): Tensor {
  const parameter = parameters.get(name);
  if (parameter === undefined) {
    throw new CheckpointError(`optimizer state: "${name}": expected no such tensor, found one`);
  }
  if (saved.shape.join() !== parameter.shape.join()) {
    const shapes = `expected shape [${parameter.shape.join(", ")}], found [${saved.shape.join(", ")}]`;
    throw new CheckpointError(`optimizer state: "${name}": ${shapes}`);
  }
  return parameter;
}
