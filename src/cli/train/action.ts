import {
  consoleListener,
  type EvaluationResult,
  formatSeeds,
  reproduce,
  type ReproduceOptions,
  type Reproduction,
  type ResolvedRecipe,
  type SeedsResult,
  train,
  type TrainingOptions,
  type TrainResult,
  trainSeeds,
  writeReport,
} from "../../index.js";
import { join } from "node:path";
import type { Listener } from "../../runs/events.js";
import { type Interruption, onInterrupt } from "../exit.js";
import type { Output } from "../output.js";
import { quiet } from "../progress.js";
import { type Job, requeue } from "./requeue.js";
import { counted, shellQuoted } from "../../support/text.js";

export interface TrainingArguments extends Omit<TrainingOptions, "signal" | "command" | "data"> {
  readonly output: Output;
  /** Queued again when its warning signal ends the training; none unless given. */
  readonly job?: Job | undefined;
}

/** What every training of the command line has: a signal that Ctrl-C gives, and a console where people read. */
function watched<T extends Pick<TrainingArguments, "output" | "listeners" | "peers" | "job">>(
  { output, listeners = [], job: _job, ...options }: T,
  { signal, listener }: TrainingInterruption,
) {
  const command = ["longtail", ...process.argv.slice(2)];
  const shown = isFirst(options) ? [consoleListener(output.people, { quiet: quiet() }), ...listeners] : [];
  return { ...options, command, signal, listeners: [listener, ...shown] };
}

/** Of several processes the first one speaks. */
function isFirst({ peers }: Pick<TrainingArguments, "peers">): boolean {
  return (peers?.rank ?? 0) === 0;
}

/**
 * Trains one recipe while people watch and can interrupt it.
 *
 * @throws InterruptedError that says how to resume.
 */
export async function trainWatched(
  recipe: ResolvedRecipe,
  options: TrainingArguments,
): Promise<EvaluationResult> {
  using interruption = interruptible();
  return await thenRequeued({ ...options, interruption }, async () => {
    const result = await beforeTraining(interruption, train(recipe, watched(options, interruption)));
    await ended(result, { ...options, interruption });
    return result.evaluation!;
  });
}

/**
 * Trains one recipe with several seeds while people watch.
 *
 * @throws InterruptedError that says how to resume.
 */
export async function trainSeedsWatched(
  recipe: ResolvedRecipe,
  { seeds, ...options }: TrainingArguments & { readonly seeds: number },
): Promise<SeedsResult> {
  const { output, out } = options;
  using interruption = interruptible();
  const settings = watched(options, interruption);
  const training = trainSeeds(recipe, {
    ...settings,
    seeds,
    onStart: ({ seed, index, count }) => output.say(`\nseed ${seed}, ${index + 1} of ${count}`),
    onEnd: (run, result) => ended(result, { ...options, out: run.out, interruption }),
  });
  const result = await thenRequeued({ ...options, interruption }, () =>
    beforeTraining(interruption, training),
  );
  output.say(
    `\n${counted(seeds, "seed")}, mean ± standard deviation:\n${formatSeeds(result)}\n\nsee ${join(out, "seeds.json")}`,
  );
  return result;
}

/** Trains a run again while people watch. @throws InterruptedError that says how to resume. */
export async function reproduceWatched(
  run: string,
  { output, ...options }: Pick<ReproduceOptions, "data" | "out" | "threads"> & { readonly output: Output },
): Promise<Reproduction> {
  using interruption = interruptible();
  const settings = watched({ output, ...options }, interruption);
  const onEnd = (result: TrainResult): Promise<void> => ended(result, { output, interruption });
  return await beforeTraining(interruption, reproduce(run, { ...settings, onEnd }));
}

/** Does the work; then the first process has the job queued again, where that was asked for and a warning has come. */
async function thenRequeued<T>(
  {
    job,
    interruption,
    ...options
  }: Pick<TrainingArguments, "job" | "peers"> & { readonly interruption: Interruption },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } finally {
    if (job !== undefined && isFirst(options)) await requeue(job, interruption);
  }
}

/** An interruption that knows how far the training is, by its events. */
interface TrainingInterruption extends Interruption {
  readonly listener: Listener;
  /** Whether images have been looked at, decoded into a cache or turned into features. */
  readonly hasPrepared: boolean;
}

function interruptible(): TrainingInterruption {
  let [isTraining, hasPrepared] = [false, false];
  const interruption = onInterrupt(() =>
    isTraining
      ? "ending after this step, with a checkpoint"
      : "ending before the training; what is on the disk of its images stays",
  );
  const listener: Listener = ({ type }) => {
    if (type === "run") isTraining = true;
    else if (type === "end")
      isTraining = false; // another seed may follow
    else if (type === "cache" || type === "inspection") hasPrepared = true;
  };
  return {
    signal: interruption.signal,
    get received() {
      return interruption.received;
    },
    error: (message) => interruption.error(message),
    listener,
    get hasPrepared() {
      return hasPrepared;
    },
    [Symbol.dispose]: () => {
      interruption[Symbol.dispose]();
    },
  };
}

/** The training's outcome; one that was interrupted before it began ends with an error that says so. */
async function beforeTraining<T>(interruption: TrainingInterruption, training: Promise<T>): Promise<T> {
  return training.catch((error: unknown) => {
    const { reason } = interruption.signal as { reason: unknown };
    const next = interruption.hasPrepared
      ? "; the same command goes on with what is on the disk of its images (looked at, data.cache=disk, features)"
      : "";
    throw error === reason ? interruption.error(`interrupted before the training began${next}`) : error;
  });
}

/** Makes the page about a run that has ended; one that was interrupted ends the command. */
async function ended(
  { evaluation, folder }: TrainResult,
  {
    output,
    interruption,
    ...options
  }: Pick<TrainingArguments, "output" | "peers"> & {
    readonly interruption: Interruption;
    readonly out?: string;
  },
): Promise<void> {
  const { path, lastCheckpoint } = folder;
  const { out = path } = options;
  if (evaluation === null)
    throw interruption.error(
      `interrupted; \`longtail train ${shellQuoted(out)} --resume\` resumes from ${lastCheckpoint}`,
    );
  if (isFirst(options)) await report(path, output);
}

/** Makes the page about the run. The training has ended well whether or not that works. */
async function report(run: string, output: Output): Promise<void> {
  try {
    output.say(`report: ${await writeReport(run)}`);
  } catch (error) {
    output.say(`warning: no report was made: ${(error as Error).message}`);
  }
}
