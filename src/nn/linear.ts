import { linear } from "../torch/operators.generated.js";
import type { Rng } from "../torch/random.js";
import type { Tensor } from "../torch/tensor.js";
import { fanInUniform, type Initializer, uniformWithin } from "./init.js";
import { Layer } from "./module.js";

interface LinearOptions {
  inFeatures: number;
  outFeatures: number;
  bias?: boolean;
  init?: Initializer;
  biasInit?: Initializer;
  rng: Rng;
}

/** y = x Wᵀ + b, or without b. x [*, D] → [*, C]. The bias starts uniform in ±1/√D unless it is said how, as PyTorch's does. */
export class Linear extends Layer {
  readonly weight: Tensor; // [C, D]
  readonly bias: Tensor | null; // [C]

  constructor({ inFeatures, outFeatures, bias = true, init = fanInUniform, ...options }: LinearOptions) {
    super();
    const { biasInit = uniformWithin(1 / Math.sqrt(inFeatures)), rng } = options;
    this.weight = this.parameter("weight", init([outFeatures, inFeatures], rng));
    this.bias = bias ? this.parameter("bias", biasInit([outFeatures], rng)) : null;
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, { bias: this.bias });
  }
}
