import { Rng } from "../torch/random.js";

/** Streams of random numbers from here on belong to the epochs' orders; the low ones to weights and the like. */
const ORDER_STREAMS = 2 ** 32;

/** Which image comes when in an epoch: 0 … size − 1, shuffled by seed and epoch alone. */
export function epochOrder(options: {
  size: number;
  shuffle: boolean;
  seed: number;
  epoch: number;
}): Int32Array {
  const { size, shuffle, seed, epoch } = options;
  if (!shuffle) return Int32Array.from({ length: size }, (_, index) => index);
  return new Rng(seed, ORDER_STREAMS + epoch).permutation(size);
}
