import type { Peers } from "../../distributed/peers.js";
import { tensor } from "../../torch/create.js";
import { Rng, getTorchState, manualSeed } from "../../torch/random.js";
import { streamOf } from "../../torch/random-streams.js";
import { scope } from "../../torch/scope.js";

const MAX_SEED = 2 ** 31 - 1;

/**
 * Seeds libtorch's generator (dropout): each process draws numbers of its own, the first one those of a process alone.
 * The CPU's generator takes 32 bits of a seed, so that one far from another may be the same: the other processes' are drawn.
 */
export function seedProcess(seed: number, { rank }: Pick<Peers, "rank">): void {
  if (rank === 0) {
    manualSeed(seed);
    return;
  }
  const [drawn = 0] = new Rng(seed, streamOf("processes", rank - 1)).below(Int32Array.of(MAX_SEED));
  manualSeed(drawn);
}

/** The state of each process's generators, in order of rank. */
export function randomStates({
  peers,
  device,
}: {
  readonly peers: Peers;
  readonly device: string;
}): Uint8Array[] {
  using _ = scope();
  const state = getTorchState(device);
  const { rows } = peers.gatherRows(tensor(state, { shape: [1, state.length] }));
  const all = rows.toArray() as Uint8Array;
  return Array.from({ length: peers.worldSize }, (_, rank) =>
    all.slice(rank * state.length, (rank + 1) * state.length),
  );
}
