import type { Environment } from "../support/paths.js";
import { UsageError } from "../support/errors.js";
import { availableDevices, whatIsMissing } from "../torch/devices.js";
import { ALONE, type Peers } from "./peers.js";
import { type RankInfo, rankInfoFrom } from "./rank-info.js";

/**
 * Settings of joining the other processes.
 *
 * @example
 * const options: JoinOptions = { device: "cuda", timeout: 60 };
 */
export interface JoinOptions {
  /** Seconds that one process waits for the others before it gives them up; 600 unless given. */
  readonly timeout?: number;
  /** Device of the work: "cpu" unless given; of "cuda" each process of a machine takes a GPU of its own. */
  readonly device?: string | undefined;
}

/**
 * Does the work as one of the processes that a launcher has started, or alone; with the device that the process takes.
 * @throws PeerError, which names the process that is gone, where the work ended because of another.
 */
export async function withPeers<T>(
  { timeout = 600, device: asked = "cpu" }: JoinOptions,
  work: (peers: Peers, device: string) => Promise<T>,
): Promise<T> {
  const info = rankInfoFrom(process.env);
  const device = deviceOf(info, asked);
  if (info === null) return work(ALONE, device);
  if (device !== "cpu") assertGpu(info, device);
  const { joinWorld } = await import("./rendezvous.js");
  using world = await joinWorld(info, { timeoutMs: 1000 * timeout });
  try {
    if (device.startsWith("cuda")) world.useNccl();
    const result = await work(world, device);
    await world.part();
    return result;
  } catch (error) {
    throw await world.leave(error);
  }
}

function assertGpu({ rank }: RankInfo, device: string): void {
  const found = availableDevices();
  if (found.includes(device)) return;
  throw new UsageError(
    `rank ${rank}: expected ${device}, a GPU of its own (NCCL needs one for each process), found ${found.join(", ")} on this machine. ` +
      `${whatIsMissing(found)} Start as many processes as there are GPUs, or train over Gloo with --device cpu.`,
  );
}

/**
 * The device that a process takes: of several GPUs of its machine each process has its own. A task of Slurm that sees one
 * alone (`--gpus-per-task=1`) has that.
 */
export function deviceOf(
  info: RankInfo | null,
  device: string,
  environment: Environment = process.env,
): string {
  if (info === null || device !== "cuda") return device;
  const { SLURM_STEP_NUM_TASKS, WORLD_SIZE, CUDA_VISIBLE_DEVICES = "" } = environment;
  const isTask = WORLD_SIZE === undefined && SLURM_STEP_NUM_TASKS !== undefined;
  return isTask && /^[^,]+$/.test(CUDA_VISIBLE_DEVICES) ? "cuda:0" : `cuda:${info.localRank}`;
}
