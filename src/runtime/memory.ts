/** Buffers kept for the next use, at most: of two batches and what is being prepared. */
const MAX_KEPT = 64;

/**
 * Float32 memory that is used again and again. An image of 224 x 224 takes 600 kB: allocated anew for each one, it is cleared, paged
 * in and collected, which takes as much time as decoding a photograph.
 */
export class BufferPool {
  readonly #kept = new Map<number, Float32Array[]>();

  /** Memory of that many values, with whatever was in it. */
  take(length: number): Float32Array {
    return this.#kept.get(length)?.pop() ?? new Float32Array(length);
  }

  /** Receives memory that nobody looks at any more. */
  give(values: Float32Array): void {
    const kept = this.#kept.get(values.length) ?? [];
    this.#kept.set(values.length, kept);
    if (kept.length < MAX_KEPT) kept.push(values);
  }
}
