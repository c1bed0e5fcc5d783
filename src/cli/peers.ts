import { ALONE } from "../distributed/peers.js";
import type { Peers } from "../distributed/peers.js";
import type { Place } from "../distributed/place.js";
import { UsageError } from "../support/errors.js";
import type { Output } from "./output.js";

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
  const { joinWorld } = await import("../distributed/rendezvous.js");
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
  const { availableDevices } = await import("../torch/settings.js");
  const found = availableDevices();
  if (found.includes(device)) return;
  throw new UsageError(
    `rank ${rank}: expected ${device}, a GPU of its own (NCCL needs one for each process), found ${found.join(", ")} on this machine. ` +
      "Start as many processes as there are GPUs, or train over Gloo with --device cpu.",
  );
}

/** The device that a process takes: of several GPUs of its machine each process has its own. */
export function deviceOf(place: Place | null, device: string): string {
  return place !== null && device === "cuda" ? `cuda:${place.localRank}` : device;
}

/** Of several processes the first one speaks. */
export function outputOf(peers: Pick<Peers, "rank">, output: Output): Output {
  return peers.rank === 0 ? output : { ...output, say: () => undefined, value: () => undefined };
}
