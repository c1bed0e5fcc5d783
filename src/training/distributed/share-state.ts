import { fromFirst, type Peers } from "../../distributed/peers.js";
import { zeros } from "../../torch/create.js";
import { setTorchState } from "../../torch/random.js";
import { scope } from "../../torch/scope.js";
import type { Prepared } from "../prepare.js";
import type { Resumed } from "../resume.js";

type Shared = Pick<Prepared, "device" | "method" | "optimizer" | "scaler" | "ema" | "peers">;

/**
 * Brings all processes to the state that the first one has begun with or read from a checkpoint, so that the file need
 * not be within the others' reach: weights, averages, velocities, how far the run has come, and the random state of each
 * process that the checkpoint knows. A process more than there were keeps the numbers it was seeded with.
 */
export async function shareBeginning(shared: Shared, first: () => Resumed): Promise<Resumed> {
  const { peers, device, optimizer, scaler } = shared;
  if (peers.ranks === 1) return first();
  const text = await fromFirst(peers, "the state to begin with", () => {
    const resumed = first();
    return JSON.stringify({
      ...resumed,
      randomStates: resumed.randomStates.map(toText),
      velocities: shapes(optimizer.stateDict()),
    });
  });
  const { velocities, randomStates, ...told } = JSON.parse(text) as Told;
  const resumed = {
    ...told,
    randomStates: randomStates.map((state) => new Uint8Array(Buffer.from(state, "base64"))),
  };
  using _ = scope();
  if (peers.rank > 0)
    optimizer.loadStateDict(new Map(velocities.map(([name, shape]) => [name, zeros(shape)])));
  peers.broadcast([...optimizer.stateDict().values(), ...(scaler?.stateDict().values() ?? [])]);
  shareWeights(shared);
  const own = resumed.randomStates[peers.rank];
  if (own !== undefined) setTorchState(own, device);
  return resumed;
}

type Told = Omit<Resumed, "randomStates"> & {
  readonly randomStates: readonly string[];
  readonly velocities: readonly (readonly [string, readonly number[]])[];
};

/** Gives all processes the first one's weights and averages. */
export function shareWeights({ method, ema, peers }: Pick<Shared, "method" | "ema" | "peers">): void {
  if (peers.ranks === 1) return;
  using _ = scope();
  peers.broadcast([...method.model.stateDict().values()]);
  if (ema === null) return;
  const averages = ema.stateDict();
  peers.broadcast([...averages.values()]);
  ema.loadStateDict(averages); // the number of updates is no tensor of its own
}

/**
 * Gives all processes the first one's buffers. Without synchronised batch norm each has followed its own images; those
 * of the first are the model's, as in PyTorch's DistributedDataParallel.
 */
export function shareBuffers({ method, peers }: { method: Shared["method"]; peers: Peers }): void {
  if (peers.ranks > 1) peers.broadcast(method.model.namedBuffers().map(([, buffer]) => buffer));
}

function shapes(state: ReturnType<Prepared["optimizer"]["stateDict"]>): Told["velocities"] {
  return [...state].map(([name, { shape }]) => [name, shape]);
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
