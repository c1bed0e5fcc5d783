import { Rng } from "../../torch/random.js";
import type { Sampler } from "./sampler.js";
import { ORDER_STREAMS } from "./streams.js";

/** Every image once an epoch, shuffled: classes come as often as they have images. */
export function instanceSampler({ size, seed }: { size: number; seed: number }): Sampler {
  return { size, epoch: (epoch) => new Rng(seed, ORDER_STREAMS + epoch).permutation(size) };
}
