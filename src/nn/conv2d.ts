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
  /** Zeros on every side; "same": TensorFlow's SAME, of which a stride of 2 puts fewer at the top and the left. */
  padding?: number | "same";
  groups?: number; // of channels that convolve among themselves
  init?: Initializer;
  /** How the bias starts; null, unless given: there is none. */
  biasInit?: Initializer | null;
  rng: Rng;
}

/**
 * oneDNN's weight gradient of a strided 1 x 1 convolution in channels_last writes beyond its memory where the input has
 * fewer channels than a vector block: 16 with AVX-512, 8 with AVX2 (oneDNN's issue 6035; libtorch 2.11 has it).
 */
const VECTOR_BLOCK = 16;

/** What a convolution computes with: its input, the kernel, and how the latter is moved. */
interface Application {
  readonly input: Tensor;
  readonly kernel: Tensor;
  readonly geometry: Geometry;
}

interface Geometry {
  readonly stride: number[];
  readonly padding: number[];
  readonly groups: number; // of channels that convolve among themselves
}

/**
 * x [N, Cin, H, W] → [N, Cout, H', W'], H' = ⌊(H + 2·padding − kernel) / stride⌋ + 1, or ⌈H / stride⌉ with "same". There
 * is no bias, since batch norm follows, unless it is said how it starts.
 */
export class Conv2d extends Layer {
  readonly weight: Tensor; // [Cout, Cin / groups, kernel, kernel]
  readonly bias: Tensor | null; // [Cout]
  /** Pixels between the places that an output is computed at; 2 halves the resolution. */
  readonly stride: number;
  readonly geometry: Geometry; // over the input of `applied`
  readonly #is3x3: boolean; // the geometry that native/kernels has kernels for
  readonly #step: number; // from pixel to pixel that is read at all
  readonly #isUneven: boolean; // whether there are fewer zeros at the top and the left of sides that the stride divides

  constructor(options: Conv2dOptions) {
    super();
    const { inChannels, outChannels, kernel, stride = 1, padding = 0, groups = 1 } = options;
    const { init = fanInUniform, biasInit = null, rng } = options;
    if (padding === "same" && (kernel % 2 === 0 || stride > 2))
      throw new RangeError(
        `Conv2d: expected an odd kernel and a stride of 1 or 2 with "same", found ${kernel} and ${stride}`,
      );
    this.weight = this.parameter("weight", init([outChannels, inChannels / groups, kernel, kernel], rng));
    this.bias = biasInit === null ? null : this.parameter("bias", biasInit([outChannels], rng));
    const skips = kernel === 1 && inChannels < VECTOR_BLOCK && (padding === 0 || padding === "same");
    this.stride = stride;
    this.#step = skips ? stride : 1;
    const between = stride / this.#step;
    const zeros = padding === "same" ? (kernel - 1) / 2 : padding;
    this.geometry = { stride: [between, between], padding: [zeros, zeros], groups };
    this.#is3x3 = kernel === 3 && stride === 1 && zeros === 1 && groups === 1 && !this.bias;
    this.#isUneven = padding === "same" && stride === 2 && kernel > 1;
  }

  override forward(x: Tensor): Tensor {
    if (this.#is3x3) return conv3x3(x, this.weight);
    const { input, kernel, geometry } = this.applied(x);
    return conv2d(input, kernel, { ...geometry, bias: this.bias });
  }

  /** For who takes this layer into an operator of its own. */
  applied(x: Tensor): Application {
    const step = this.#step;
    const input = step === 1 ? x : x.slice({ dim: 2, step }).slice({ dim: 3, step });
    return { input, kernel: this.kernelFor(x.shape), geometry: this.geometry };
  }

  /** The shape of the output for that of an input. */
  outputShape([images, , ...sides]: readonly number[]): number[] {
    const [outputs, , kernel] = this.weight.shape as [number, number, number];
    const zeros = this.geometry.padding[0]!;
    const after = sides.map((side) => Math.floor((side + 2 * zeros - kernel) / this.stride) + 1);
    return [images!, outputs, ...after];
  }

  /**
   * The kernel, with a row and a column of zeros before it along even sides of the input where SAME has one zero less there
   * than behind: this costs less than a copy of the input with other zeros around it.
   */
  kernelFor(shape: readonly number[]): Tensor {
    if (!this.#isUneven) return this.weight;
    const [top, left] = [shape[2]! % 2 === 0 ? 1 : 0, shape[3]! % 2 === 0 ? 1 : 0];
    return top + left === 0 ? this.weight : this.weight.constantPadNd([left, 0, top, 0]);
  }
}
