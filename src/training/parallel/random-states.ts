import type { Peers } from "../../distributed/peers.js";
import { tensor } from "../../torch/create.js";
import { getTorchState, manualSeed } from "../../torch/random.js";
import type { Prepared } from "../prepare.js";
import { scope } from "../../torch/scope.js";

/** Far enough that two runs with neighbouring seeds share no process's numbers. */
const SEEDS_APART = 2 ** 32;

/** Seeds libtorch's generator (dropout): each process draws numbers of its own. */
export function seedProcess(seed: number, { rank }: Pick<Peers, "rank">): void {
  manualSeed(seed + rank * SEEDS_APART);
}

/** The state of each process's generators, in order of rank. */
export function randomStates({ peers, device }: Pick<Prepared, "peers" | "device">): Uint8Array[] {
  using _ = scope();
  const state = getTorchState(device);
  const { rows } = peers.gatherRows(tensor(state, { shape: [1, state.length] }));
  const all = rows.toArray() as Uint8Array;
  return Array.from({ length: peers.ranks }, (_, rank) =>
    all.slice(rank * state.length, (rank + 1) * state.length),
  );
}
