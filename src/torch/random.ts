/** Random numbers: a counter-based stream of our own, and libtorch's generator. The state of both can be saved. */
import { tensor, zeros } from "./create.js";
import { native } from "./native.js";
import { dispose } from "./scope.js";
import { Tensor } from "./tensor.js";

export interface RngState {
  readonly seed: number;
  readonly stream: number;
  /** How many 32-bit numbers were drawn. */
  readonly position: number;
}

let isDrawing = true;

/**
 * Until the block ends, `uniform` and `normal` of every stream return zeros, which take no time; positions move on as ever. For
 * networks all of whose weights come from a file: `using _ = withoutDrawing();`. Must not span an `await`.
 */
export function withoutDrawing(): Disposable {
  const before = isDrawing;
  isDrawing = false;
  return {
    [Symbol.dispose]() {
      isDrawing = before;
    },
  };
}

/**
 * A stream of random numbers by Philox4x32-10 (Salmon et al., SC 2011): number i of (seed, stream) is always the
 * same, whatever was drawn before it or elsewhere.
 */
export class Rng {
  readonly seed: number;
  readonly stream: number;
  #position: number;

  constructor(seed: number, stream = 0, position = 0) {
    for (const [name, value] of Object.entries({ seed, stream, position })) {
      if (!Number.isSafeInteger(value) || value < 0)
        throw new RangeError(`Rng: expected ${name} to be an integer from 0 to 2^53 - 1, received ${value}`);
    }
    this.seed = seed;
    this.stream = stream;
    this.#position = position;
  }

  static fromState({ seed, stream, position }: RngState): Rng {
    return new Rng(seed, stream, position);
  }

  state(): RngState {
    return { seed: this.seed, stream: this.stream, position: this.#position };
  }

  /** float32 in [low, high). */
  uniform(shape: readonly number[], { low = 0, high = 1 } = {}): Tensor {
    const made = isDrawing
      ? new Tensor(native().philoxUniform(this.seed, this.stream, this.#position, shape, low, high))
      : zeros(shape);
    this.#position += made.size;
    return made;
  }

  /** float32, normally distributed. */
  normal(shape: readonly number[], { mean = 0, std = 1 } = {}): Tensor {
    const made = isDrawing
      ? new Tensor(native().philoxNormal(this.seed, this.stream, this.#position, shape, mean, std))
      : zeros(shape);
    this.#position += 2 * made.size;
    return made;
  }

  /** 0 … n - 1 in random order. */
  permutation(n: number): Int32Array {
    const order = new Int32Array(n);
    native().philoxPermutation(this.seed, this.stream, this.#position, order);
    this.#position += 2 * n; // rejections use a few more than n numbers, never near twice as many
    return order;
  }

  /** For each limit n > 0, one of 0 … n - 1, all equally likely. */
  below(limits: Int32Array): Int32Array {
    const numbers = limits.slice();
    native().philoxBelow(this.seed, this.stream, this.#position, numbers);
    this.#position += 2 * numbers.length; // see permutation
    return numbers;
  }
}

/** Seeds libtorch's own generator (dropout). */
export function manualSeed(seed: number): void {
  native().manualSeed(seed);
}

/** The whole state of libtorch's generators: the CPU's and, for another device, that one's after it. */
export function getTorchState(device = "cpu"): Uint8Array {
  const cpu = stateOf("cpu");
  return device === "cpu" ? cpu : Uint8Array.from([...cpu, ...stateOf(device)]);
}

/** Restores what getTorchState() returned. A device that it does not hold keeps its state. */
export function setTorchState(bytes: Uint8Array, device = "cpu"): void {
  const ofCpu = stateOf("cpu").length;
  setStateOf("cpu", bytes.subarray(0, ofCpu));
  if (device !== "cpu" && bytes.length > ofCpu) setStateOf(device, bytes.subarray(ofCpu));
}

function stateOf(device: string): Uint8Array {
  const state = new Tensor(native().torchState(device));
  const bytes = state.toArray() as Uint8Array;
  dispose(state);
  return bytes;
}

function setStateOf(device: string, bytes: Uint8Array): void {
  const state = tensor(bytes);
  native().setTorchState(device, state.handle);
  dispose(state);
}
