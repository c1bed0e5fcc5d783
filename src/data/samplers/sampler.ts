/** Which images an epoch is made of, and in which order: of seed and epoch alone, so that any process can tell. */
export interface Sampler {
  /** Draws of an epoch, the same number in every one. */
  readonly size: number;
  /** [size]: each draw's image. */
  epoch(epoch: number): Int32Array;
}

/** For each draw of an epoch, how often it has drawn the same image before; images are numbered below `images`. */
export function drawCounts(order: Int32Array, images: number): Int32Array {
  const drawn = new Int32Array(images);
  return order.map((image) => drawn[image]!++);
}
