import { conv2d, conv3x3 } from "../torch/operators.generated.js";
import type { Rng } from "../torch/random.js";
import type { Tensor } from "../torch/tensor.js";
import { fanInUniform, type Initializer } from "./init.js";
import { Layer } from "./module.js";

interface Conv2dOptions {
  inChannels: number;
  outChannels: number;
  kernel: number; // side of the square kernel
  stride?: number;
  padding?: number;
  groups?: number; // of channels that convolve among themselves
  init?: Initializer;
  rng: Rng;
}

/** x [N, Cin, H, W] → [N, Cout, H', W'], H' = ⌊(H + 2·padding − kernel) / stride⌋ + 1. No bias: batch norm follows. */
export class Conv2d extends Layer {
  readonly weight: Tensor; // [Cout, Cin / groups, kernel, kernel]
  readonly geometry: { stride: number[]; padding: number[]; groups: number };
  readonly #is3x3: boolean; // the geometry that native/kernels has kernels for

  constructor(options: Conv2dOptions) {
    super();
    const { inChannels, outChannels, kernel, stride = 1, padding = 0, groups = 1 } = options;
    const { init = fanInUniform, rng } = options;
    this.weight = this.parameter("weight", init([outChannels, inChannels / groups, kernel, kernel], rng));
    this.geometry = { stride: [stride, stride], padding: [padding, padding], groups };
    this.#is3x3 = kernel === 3 && stride === 1 && padding === 1 && groups === 1;
  }

  override forward(x: Tensor): Tensor {
    return this.#is3x3 ? conv3x3(x, this.weight) : conv2d(x, this.weight, this.geometry);
  }
}
