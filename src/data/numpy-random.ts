const STATE = 624;
const SHIFTED = 397;

/**
 * NumPy's legacy generator, np.random.RandomState(seed): the Mersenne Twister MT19937 (Matsumoto and Nishimura, "Mersenne
 * twister: a 623-dimensionally equidistributed uniform pseudo-random number generator", 1998). Only for selections that
 * were published as made with NumPy; everything else draws from src/torch/random.ts.
 */
export class NumpyRandom {
  readonly #state = new Uint32Array(STATE);
  #next = STATE;

  /** @param seed a whole number below 2^32 */
  constructor(seed: number) {
    this.#state[0] = seed;
    for (let i = 1; i < STATE; i++) {
      const last = this.#state[i - 1]!;
      this.#state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
    }
  }

  /** A whole number below 2^32. */
  uint32(): number {
    if (this.#next === STATE) this.#twist();
    let value = this.#state[this.#next++]!;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c5680;
    value ^= (value << 15) & 0xefc60000;
    return (value ^ (value >>> 18)) >>> 0;
  }

  /** From 0 to `most`: numbers under the smallest mask of ones that covers it are drawn until one fits. */
  upTo(most: number): number {
    if (most === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(most);
    let value: number;
    do value = (this.uint32() & mask) >>> 0;
    while (value > most);
    return value;
  }

  /** np.random.shuffle of a one-dimensional array: Fisher and Yates, from the last place to the second. */
  shuffle(values: Int32Array): void {
    for (let place = values.length - 1; place > 0; place--) {
      const other = this.upTo(place);
      [values[place], values[other]] = [values[other]!, values[place]!];
    }
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < STATE; i++) {
      const bits = (state[i]! & 0x80000000) | (state[(i + 1) % STATE]! & 0x7fffffff);
      state[i] = state[(i + SHIFTED) % STATE]! ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}
