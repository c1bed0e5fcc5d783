import { ALONE, type Peers } from "../../distributed/peers.js";
import type { Place } from "../../distributed/place.js";
import type { Environment } from "../../support/cache-folder.js";
import { UsageError } from "../../support/errors.js";
import type { Output } from "../output.js";

/**
 * Does the work as one of the processes that a launcher has started, or alone.
 * @throws PeerError, which names the process that is gone, where the work ended because of another.
 */
export async function withPeers<T>(
  place: Place | null,
  { timeoutMs, device }: { timeoutMs: number; device: string },
  work: (peers: Peers) => Promise<T>,
): Promise<T> {
  if (place === null) return work(ALONE);
  if (device !== "cpu") await assertGpu(place, device);
  const { joinWorld } = await import("../../distributed/rendezvous.js");
  using world = await joinWorld(place, { timeoutMs });
  try {
    if (device.startsWith("cuda")) world.useNccl();
    const result = await work(world);
    await world.part();
    return result;
  } catch (error) {
    throw await world.leave(error);
  }
}

async function assertGpu({ rank }: Place, device: string): Promise<void> {
  const { availableDevices } = await import("../../torch/settings.js");
  const found = availableDevices();
  if (found.includes(device)) return;
  throw new UsageError(
    `rank ${rank}: expected ${device}, a GPU of its own (NCCL needs one for each process), found ${found.join(", ")} on this machine. ` +
      "Start as many processes as there are GPUs, or train over Gloo with --device cpu.",
  );
}

/**
 * The device that a process takes: of several GPUs of its machine each process has its own. A task of Slurm that sees one
 * alone (`--gpus-per-task=1`) has that.
 */
export function deviceOf(
  place: Place | null,
  device: string,
  environment: Environment = process.env,
): string {
  if (place === null || device !== "cuda") return device;
  const { SLURM_STEP_NUM_TASKS, WORLD_SIZE, CUDA_VISIBLE_DEVICES = "" } = environment;
  const isTask = WORLD_SIZE === undefined && SLURM_STEP_NUM_TASKS !== undefined;
  return isTask && /^[^,]+$/.test(CUDA_VISIBLE_DEVICES) ? "cuda:0" : `cuda:${place.localRank}`;
}

/** Of several processes the first one speaks. */
export function outputOf(peers: Pick<Peers, "rank">, output: Output): Output {
  return peers.rank === 0 ? output : { ...output, say: () => undefined, value: () => undefined };
}
