import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { UsageError } from "../../support/errors.js";
import type { Environment } from "../../support/paths.js";
import type { Interruption } from "../exit.js";

/** What `#SBATCH --signal` announces the end of a job's time with. Others are a person's wish (scancel), or a preemption's. */
const WARNINGS: readonly string[] = ["SIGUSR1", "SIGUSR2"];

/** A job of Slurm that can be queued again, by the name that scontrol knows it by. */
export interface Job {
  readonly id: string;
}

/**
 * The job of Slurm that this process belongs to; of a job array, its task.
 *
 * @throws UsageError outside of Slurm, and without --resume, with which a job that is queued again goes on.
 */
export function jobToRequeue({ resume }: { resume: boolean }, environment: Environment = process.env): Job {
  const { SLURM_JOB_ID, SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID } = environment;
  if (SLURM_JOB_ID === undefined)
    throw new UsageError("--requeue: expected a job of Slurm, found no SLURM_JOB_ID in the environment.");
  if (!resume)
    throw new UsageError(
      "--requeue: expected --resume as well, so that the job resumes when it runs again; found none.",
    );
  const isTask = SLURM_ARRAY_JOB_ID !== undefined && SLURM_ARRAY_TASK_ID !== undefined;
  return { id: isTask ? `${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}` : SLURM_JOB_ID };
}

/** Has the job queued again when its warning signal has ended the training; says so on stderr, and also if that failed. */
export async function requeue({ id }: Job, { signal, received }: Interruption): Promise<void> {
  if (!signal.aborted || !WARNINGS.includes(received)) return;
  try {
    await promisify(execFile)("scontrol", ["requeue", id]);
    process.stderr.write(`job ${id} is queued again\n`);
  } catch (error) {
    process.stderr.write(
      `warning: job ${id} could not be queued again: ${(error as Error).message.trim()}\n`,
    );
  }
}
