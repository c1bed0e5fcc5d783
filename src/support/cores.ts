import { availableParallelism } from "node:os";
import type { Environment } from "./paths.js";

/**
 * Cores for this process: those it may run on, divided among the processes that a launcher has started beside it on the
 * machine (torchrun's LOCAL_WORLD_SIZE, Slurm's tasks of a step); under Slurm no more than were asked for each task.
 */
export function coresHere(environment: Environment = process.env): number {
  const cores = availableParallelism();
  const { LOCAL_WORLD_SIZE, SLURM_CPUS_PER_TASK, SLURM_STEP_TASKS_PER_NODE } = environment;
  if (LOCAL_WORLD_SIZE === undefined && numberIn(SLURM_CPUS_PER_TASK) > 0)
    return Math.min(cores, numberIn(SLURM_CPUS_PER_TASK));
  const beside = numberIn(LOCAL_WORLD_SIZE ?? SLURM_STEP_TASKS_PER_NODE); // "4(x2)": of each of two machines
  return Math.max(1, Math.floor(cores / Math.max(1, beside)));
}

/** The whole number that a text begins with; 0 where it begins with none. */
function numberIn(text = ""): number {
  return Number(/^\d+/.exec(text)?.[0] ?? 0);
}
