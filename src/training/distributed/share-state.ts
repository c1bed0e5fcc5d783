import { fromFirst } from "../../distributed/peers.js";
import { zeros } from "../../torch/create.js";
import { setTorchState } from "../../torch/random.js";
import { scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import type { Training } from "../prepare.js";
import type { ResumePoint } from "../resume.js";

type Shared = Pick<Training, "device" | "trainee" | "peers">;

/** A resume point as text, and the shapes of the optimizer's velocities. */
type SharedText = Omit<ResumePoint, "randomStates"> & {
  readonly randomStates: readonly string[];
  readonly velocities: readonly (readonly [string, readonly number[]])[];
};

/**
 * Brings all processes to the state that the first one starts in or read from a checkpoint, so that the file need not be
 * within the others' reach: weights, averages, velocities, how far the run has come, and the random state of each process
 * that the checkpoint knows. A process more than there were keeps the numbers it was seeded with.
 */
export async function shareStart(shared: Shared, first: () => ResumePoint): Promise<ResumePoint> {
  const { peers, device, trainee } = shared;
  const { optimizer, scaler } = trainee;
  if (peers.worldSize === 1) return first();
  const text = await fromFirst(peers, "the state to begin with", () => {
    const start = first();
    return JSON.stringify({
      ...start,
      randomStates: start.randomStates.map(toText),
      velocities: shapes(optimizer.stateDict()),
    });
  });
  const { velocities, randomStates, ...shown } = JSON.parse(text) as SharedText;
  const start = {
    ...shown,
    randomStates: randomStates.map((state) => new Uint8Array(Buffer.from(state, "base64"))),
  };
  using _ = scope();
  if (peers.rank > 0)
    optimizer.loadStateDict(new Map(velocities.map(([name, shape]) => [name, zeros(shape)])));
  peers.broadcast([...optimizer.stateDict().values(), ...(scaler?.stateDict().values() ?? [])]);
  shareWeights(shared);
  const own = start.randomStates[peers.rank];
  if (own !== undefined) setTorchState(own, device);
  return start;
}

/** Gives all processes the first one's weights and averages. */
export function shareWeights({ trainee, peers }: Pick<Shared, "trainee" | "peers">): void {
  if (peers.worldSize === 1) return;
  using _ = scope();
  const { method, ema } = trainee;
  peers.broadcast([...method.model.stateDict().values()]);
  if (ema === null) return;
  const averages = ema.stateDict();
  peers.broadcast([...averages.values()]);
  ema.loadStateDict(averages); // the number of updates is no tensor of its own
}

/**
 * Gives all processes the first one's buffers. Without synchronized batch norm each has followed its own images; those
 * of the first are the model's, as in PyTorch's DistributedDataParallel.
 */
export function shareBuffers({ trainee, peers }: Pick<Shared, "trainee" | "peers">): void {
  if (peers.worldSize > 1) peers.broadcast(trainee.method.model.namedBuffers().map(([, buffer]) => buffer));
}

function shapes(state: ReadonlyMap<string, Tensor>): SharedText["velocities"] {
  return [...state].map(([name, { shape }]) => [name, shape]);
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
