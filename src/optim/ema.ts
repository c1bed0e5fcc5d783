import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { foreachAdd_, foreachCopy_, foreachMul_ } from "../torch/operators.generated.js";
import { dispose, keepForever, scope } from "../torch/scope.js";
import { matchState } from "../torch/state-dict.js";
import type { Tensor } from "../torch/tensor.js";

/** What is averaged: a model. */
interface Averaged {
  namedParameters(): [string, Tensor][];
  stateDict(): Map<string, Tensor>;
}

export interface EmaOptions {
  decay: number;
  warmup: boolean; // step t, from 1, has a decay of (1 + t) / (10 + t) at most
}

const UPDATES = "updates"; // no model has a tensor of that name: theirs contain a dot

/**
 * Exponential moving averages of a model's weights: θ̄ ← d θ̄ + (1 − d) θ after each step, from θ̄ = θ at the start.
 * Trained parameters are averaged; buffers and frozen parameters are copied, so that the averages are a whole model.
 * Polyak and Juditsky, SIAM J. Control Optim. 1992; the warm-up is TensorFlow's.
 */
export class EmaWeights implements Disposable {
  readonly #options: EmaOptions;
  readonly #own: ReadonlyMap<string, Tensor>; // the model's
  readonly #averages: ReadonlyMap<string, Tensor>;
  readonly #averaged: readonly string[];
  readonly #copied: readonly string[];
  #updates = 0;

  constructor(model: Averaged, options: EmaOptions) {
    using _ = noGrad();
    this.#options = options;
    this.#own = model.stateDict();
    this.#averages = new Map([...this.#own].map(([name, value]) => [name, keepForever(value.clone())]));
    const trained = new Set(
      model.namedParameters().flatMap(([name, { requiresGrad }]) => (requiresGrad ? [name] : [])),
    );
    this.#averaged = [...trained];
    this.#copied = [...this.#own.keys()].filter((name) => !trained.has(name));
  }

  /** Call it after each step of the optimizer. */
  update(): void {
    using _scope = scope();
    using _noGrad = noGrad();
    const step = (this.#updates += 1);
    const { decay: most, warmup } = this.#options;
    const decay = warmup ? Math.min(most, (1 + step) / (10 + step)) : most;
    const averages = pick(this.#averages, this.#averaged);
    foreachMul_(averages, decay);
    foreachAdd_(averages, pick(this.#own, this.#averaged), { alpha: 1 - decay });
    foreachCopy_(pick(this.#averages, this.#copied), pick(this.#own, this.#copied));
  }

  /** Starts anew from the model's weights. */
  restart(): void {
    using _scope = scope();
    using _noGrad = noGrad();
    foreachCopy_([...this.#averages.values()], [...this.#own.values()]);
    this.#updates = 0;
  }

  /** Puts the averages into the model until the block ends: `using _ = ema.applied();`. No update meanwhile. */
  applied(): Disposable {
    this.#exchange();
    return { [Symbol.dispose]: () => this.#exchange() };
  }

  /** The averages by the model's names, and the number of updates, which belongs to the scope that is open. */
  stateDict(): Map<string, Tensor> {
    return new Map([...this.#averages, [UPDATES, tensor([this.#updates], { dtype: "int64" })]]);
  }

  /** @throws CheckpointError that names the first tensor that is missing or has another shape; nothing has changed then. */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    using _scope = scope();
    using _noGrad = noGrad();
    const pairs = matchState(this.stateDict(), state, { what: "moving averages" });
    for (const [own, saved] of pairs) own.copy_(saved);
    this.#updates = state.get(UPDATES)!.item();
  }

  [Symbol.dispose](): void {
    dispose(...this.#averages.values());
  }

  #exchange(): void {
    using _scope = scope();
    using _noGrad = noGrad();
    const [own, averages] = [[...this.#own.values()], [...this.#averages.values()]];
    const kept = own.map((value) => value.clone());
    foreachCopy_(own, averages);
    foreachCopy_(averages, kept);
  }
}

/** Of a saved state, the averages alone: a model's state dictionary. */
export function averagesOf(state: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  return new Map([...state].filter(([name]) => name !== UPDATES));
}

function pick(tensors: ReadonlyMap<string, Tensor>, names: readonly string[]): Tensor[] {
  return names.map((name) => tensors.get(name)!);
}
