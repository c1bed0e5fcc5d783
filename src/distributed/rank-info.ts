import { UsageError } from "../support/errors.js";
import type { Environment } from "../support/paths.js";

/** The first machine of a list as Slurm writes it: "gpu[03-05,9],login" → "gpu03". */
export function firstHost(list: string): string {
  const [, name = "", numbers, suffix = ""] = /^([^[,]*)(?:\[([^\],-]+)[^\]]*\])?([^,]*)/.exec(list) ?? [];
  return `${name}${numbers ?? ""}${suffix}`;
}

const FIRST_PORT = 20_000;
const PORTS = 10_000;

/** A port that all processes of a job come to, and those of another job hardly ever do. */
function portOfJob(job: string): number {
  return FIRST_PORT + (Number(job) % PORTS);
}

/** Where a process stands among those that train together. */
export interface RankInfo {
  readonly rank: number;
  readonly worldSize: number;
  /** Among the processes of its machine: it takes the GPU of this number. */
  readonly localRank: number;
  readonly localWorldSize: number;
  readonly master: { readonly host: string; readonly port: number };
  /** Whether the launcher serves the store; else rank 0 does. */
  readonly launcherServes: boolean;
  /** How often the processes have been started anew. */
  readonly attempt: number;
}

const DEFAULT_PORT = 29_500; // PyTorch's

/**
 * The rank that a launcher gave this process by environment variables; null where there is a single process. Understood
 * are those of torchrun, `longtail launch` and Kubeflow's PyTorchJob (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR,
 * MASTER_PORT), of Kubernetes' indexed jobs and JobSets (JOB_COMPLETION_INDEX in place of RANK) and of Slurm's srun.
 * @throws UsageError for variables that do not go together.
 */
export function rankInfoFrom(environment: Environment): RankInfo | null {
  const info = fromTorchrun(environment) ?? fromSlurm(environment);
  return info !== null && info.worldSize > 1 ? info : null;
}

function fromTorchrun(environment: Environment): RankInfo | null {
  if (environment["WORLD_SIZE"] === undefined) return null;
  const worldSize = numberOf(environment, "WORLD_SIZE", { least: 1 });
  const name = environment["RANK"] === undefined ? "JOB_COMPLETION_INDEX" : "RANK";
  const localRank = numberOf(environment, "LOCAL_RANK", { fallback: 0 });
  return checked({
    worldSize,
    rank: numberOf(environment, name, { fallback: worldSize === 1 ? 0 : undefined }),
    localRank,
    localWorldSize: numberOf(environment, "LOCAL_WORLD_SIZE", { least: 1, fallback: 1 }),
    master: masterOf(environment, worldSize === 1 ? "localhost" : undefined),
    launcherServes: environment["TORCHELASTIC_USE_AGENT_STORE"] === "True",
    attempt: numberOf(environment, "TORCHELASTIC_RESTART_COUNT", { fallback: 0 }),
  });
}

/** Only a step of a job has SLURM_STEP_NUM_TASKS: a batch script that calls train without srun is one process. */
function fromSlurm(environment: Environment): RankInfo | null {
  if (environment["SLURM_STEP_NUM_TASKS"] === undefined) return null;
  const { SLURM_STEP_NODELIST, SLURM_JOB_NODELIST, SLURM_JOB_ID = "0" } = environment;
  const host = firstHost(SLURM_STEP_NODELIST ?? SLURM_JOB_NODELIST ?? "localhost");
  return checked({
    rank: numberOf(environment, "SLURM_PROCID"),
    worldSize: numberOf(environment, "SLURM_STEP_NUM_TASKS", { least: 1 }),
    localRank: numberOf(environment, "SLURM_LOCALID"),
    localWorldSize: Number(/^\d+/.exec(environment["SLURM_STEP_TASKS_PER_NODE"] ?? "")?.[0] ?? 1),
    master: masterOf({ MASTER_PORT: String(portOfJob(SLURM_JOB_ID)), ...environment }, host),
    launcherServes: false,
    attempt: numberOf(environment, "SLURM_RESTART_COUNT", { fallback: 0 }),
  });
}

function masterOf(environment: Environment, fallback: string | undefined): RankInfo["master"] {
  const host = environment["MASTER_ADDR"] ?? fallback;
  if (host === undefined)
    throw new UsageError(
      `WORLD_SIZE is ${environment["WORLD_SIZE"]}: expected MASTER_ADDR, the machine of rank 0, in the environment as well, found none.`,
    );
  return { host, port: numberOf(environment, "MASTER_PORT", { fallback: DEFAULT_PORT }) };
}

function checked(info: RankInfo): RankInfo {
  if (info.rank < info.worldSize) return info;
  throw new UsageError(
    `expected this process's rank to be below the number of processes, ${info.worldSize}; found rank ${info.rank}.`,
  );
}

function numberOf(
  environment: Environment,
  name: string,
  { least = 0, fallback }: { least?: number; fallback?: number | undefined } = {},
): number {
  const text = environment[name];
  if (text === undefined && fallback !== undefined) return fallback;
  const value = Number(text);
  if (text !== undefined && /^\d+$/.test(text) && value >= least) return value;
  throw new UsageError(
    `${name} in the environment: expected a whole number >= ${least}, found ${text === undefined ? "nothing" : `"${text}"`}.`,
  );
}
