import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { readDescription, readResult } from "../runs/read-run.js";
import { freshRunFolder, type RunDescription, type RunResult } from "../runs/run-folder.js";
import type { TrainOptions } from "../training/settings.js";
import { type TrainResult, trainRun } from "../training/train.js";

/**
 * Outcome of training a run again.
 *
 * @example
 * const { same, differences }: Reproduction = await reproduce("runs/mine");
 * if (!same) console.log(differences);
 */
export interface Reproduction {
  readonly run: string;
  /** Folder of the new run. */
  readonly again: string;
  /** Whether every accuracy, class by class, is the same. */
  readonly same: boolean;
  /** What is not as it was: versions, the code, threads, kernels, the data; as far as the run wrote it down. */
  readonly differences: readonly string[];
  /** Results of the run and of the new one. */
  readonly results: { readonly before: RunResult; readonly now: RunResult };
}

/**
 * Settings of a reproduction.
 *
 * @example
 * const options: ReproduceOptions = { out: "runs/again", threads: 2 };
 */
export interface ReproduceOptions extends Partial<Pick<TrainOptions, "listeners" | "command" | "signal">> {
  /** Data folder; the one of the run unless given. */
  readonly data?: string | undefined;
  /** Folder of the new run; RUN-again, RUN-again-2, … unless given. */
  readonly out?: string | undefined;
  /** Number of threads that operators use; as many as the run had unless given. */
  readonly threads?: number | undefined;
  /** Called when the new training ends, before the results are compared. */
  readonly onEnd?: (result: TrainResult) => void | Promise<void>;
}

interface Retraining extends Omit<ReproduceOptions, "data">, Pick<TrainOptions, "versions"> {
  /** Loads the run's recipe. */
  readonly recipe: () => Promise<ResolvedRecipe>;
}

/**
 * Trains a run again, by its own recipe, into a folder of its own and compares the results.
 * @throws LongtailError for a folder that holds no finished run; the signal's reason when it ends the training early.
 */
export async function reproduceRun(
  run: string,
  { recipe: loadRecipe, onEnd, listeners = [], command = [], ...options }: Retraining,
): Promise<Reproduction> {
  const description = readDescription(run);
  const before = readResult(run);
  const recipe = await loadRecipe();
  const again = options.out ?? freshRunFolder(`${run.replace(/\/+$/, "")}-again`);
  const threads = options.threads ?? description.threads;
  const { device, kernels, execution } = description;
  const from = description.from?.file;
  const settings = { ...execution, ...options, out: again, device, threads, kernels, from };
  const result = await trainRun({ ...settings, recipe, listeners, command });
  await onEnd?.(result);
  if (result.evaluation === null) throw options.signal!.reason; // only a signal ends it early
  const now = readResult(again);
  return {
    run,
    again,
    same: isDeepStrictEqual(scoresOf(now), scoresOf(before)),
    differences: changes(description, readDescription(again)),
    results: { before, now },
  };
}

function changes(before: RunDescription, now: RunDescription): string[] {
  const facts = ({
    versions,
    threads,
    kernels,
    device,
    data,
    teachers,
    from,
    pretrained,
  }: RunDescription): Record<string, unknown> => ({
    ...versions,
    threads,
    kernels,
    device,
    "training images": data.train.hash,
    "test images": data.test.hash,
    "content of the training images": contentOf(data.train),
    "content of the test images": contentOf(data.test),
    "held-out images": data.heldOutHash,
    "checkpoint that it continues": from?.sha256,
    "weights to start from (pretrained.file)": pretrained?.sha256,
    teacher: teachers?.map(({ run, sha256 }) => `${run} (SHA-256 ${sha256.slice(0, 12)}…)`).join(", "),
  });
  const [old, current] = [facts(before), facts(now)];
  const extended = (before.extended ?? []).map(
    ({ from, to, after }) =>
      `epochs: extended from ${from} to ${to} after epoch ${after.epoch} then, at once now`,
  );
  const changed = Object.keys(current)
    .filter((name) => old[name] !== undefined && old[name] !== current[name])
    .map((name) => `${name}: ${String(old[name])} then, ${String(current[name])} now`);
  return [...extended, ...changed];
}

/** One hash of those of all classes; undefined where the run does not say it. */
function contentOf({ content }: RunDescription["data"]["train"]): string | undefined {
  return content === undefined || content === null
    ? undefined
    : createHash("sha256").update(content.join()).digest("hex");
}

/** All of a result but what depends on the time. */
function scoresOf({ seconds: _, ...scores }: RunResult): unknown {
  return scores;
}
