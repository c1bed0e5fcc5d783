/** The generator that the golden values' inputs come from: uniform numbers in [0, 1) from a 32-bit seed. */
export class Mulberry32 {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** `count` integers from 0 to below − 1. */
  integers(count: number, below: number): number[] {
    return Array.from({ length: count }, () => Math.floor(this.uniform() * below));
  }

  /** `count` values in [low, high), computed in float64 and rounded to float32. */
  floats(count: number, low: number, high: number): Float32Array {
    return Float32Array.from({ length: count }, () => low + (high - low) * this.uniform());
  }
}
