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

/**
 * oneDNN's weight gradient of a strided 1 x 1 convolution in channels_last writes beyond its memory where the input has
 * fewer channels than a vector block: 16 with AVX-512, 8 with AVX2 (oneDNN's issue 6035; libtorch 2.11 has it).
 */
const VECTOR_BLOCK = 16;

/** x [N, Cin, H, W] → [N, Cout, H', W'], H' = ⌊(H + 2·padding − kernel) / stride⌋ + 1. No bias: batch norm follows. */
export class Conv2d extends Layer {
  readonly weight: Tensor; // [Cout, Cin / groups, kernel, kernel]
  readonly geometry: { stride: number[]; padding: number[]; groups: number }; // over what `reads` gives
  readonly #is3x3: boolean; // the geometry that native/kernels has kernels for
  readonly #step: number; // from pixel to pixel that is read at all

  constructor(options: Conv2dOptions) {
    super();
    const { inChannels, outChannels, kernel, stride = 1, padding = 0, groups = 1 } = options;
    const { init = fanInUniform, rng } = options;
    this.weight = this.parameter("weight", init([outChannels, inChannels / groups, kernel, kernel], rng));
    const skips = kernel === 1 && padding === 0 && inChannels < VECTOR_BLOCK;
    this.#step = skips ? stride : 1;
    const between = stride / this.#step;
    this.geometry = { stride: [between, between], padding: [padding, padding], groups };
    this.#is3x3 = kernel === 3 && stride === 1 && padding === 1 && groups === 1;
  }

  override forward(x: Tensor): Tensor {
    return this.#is3x3 ? conv3x3(x, this.weight) : conv2d(this.reads(x), this.weight, this.geometry);
  }

  /** The pixels of x that the layer computes with: all, but for a strided 1 x 1 convolution of few channels. */
  reads(x: Tensor): Tensor {
    const step = this.#step;
    return step === 1 ? x : x.slice({ dim: 2, step }).slice({ dim: 3, step });
  }
}
