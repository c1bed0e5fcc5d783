import { Ensemble } from "../../models/ensemble.js";
import { hasCudaLibrary, recordOnGpu, useOwnStream } from "../../torch/cuda.js";
import type { Prepared } from "../prepare.js";
import {
  type ComputedStep,
  computeStep,
  readOutcome,
  type StepOptions,
  type TrainingBatch,
} from "../step.js";
import { readAlready, readLater, type Reading } from "./reading.js";
import { RecordedStep } from "./recorded-step.js";

/** Runs a training's steps. */
export interface Stepper extends Disposable {
  /** Call it before the first step of an epoch, or of what is left of one after a resume. */
  startEpoch(epoch: number): void;
  /** Call it in a scope of its own. */
  run(batch: TrainingBatch): Reading;
  /** How many further steps may be run before a step is read, so that nothing waits for it. */
  readonly behind: 0 | 1;
  /** Why a GPU is given a step's operators one by one; null where the step is recorded, or runs on the CPU. */
  readonly notRecorded: string | null;
}

/**
 * On a GPU the whole step is recorded once and then launched as one, where it can be, and read after the next one was
 * launched: the program is a step ahead of the GPU. Several processes read each step at once, since they add up what it
 * tells.
 */
export function openStepper(
  prepared: Prepared,
  { ahead = prepared.device !== "cpu" && prepared.peers.ranks === 1 } = {},
): Stepper {
  const { device, peers, method } = prepared;
  const options = stepOptions(prepared);
  if (wantsExpertStreams(prepared) && method.model instanceof Ensemble)
    method.model.useParallelStreams(device);
  const notRecorded = device === "cpu" ? null : whyNotRecorded(prepared);
  const recorded = device === "cpu" || notRecorded !== null ? null : openRecorded(prepared, options);
  const compute = (batch: TrainingBatch): ComputedStep => recorded?.run(batch) ?? computeStep(batch, options);
  return {
    startEpoch: (epoch) => {
      if (method.onEpochStart?.(epoch)) recorded?.forget();
    },
    run: (batch) => (ahead ? readLater(compute(batch)) : readAlready(readOutcome(compute(batch), peers))),
    behind: ahead ? 1 : 0,
    notRecorded,
    [Symbol.dispose]: () => recorded?.[Symbol.dispose](),
  };
}

/**
 * Whether experts get streams of their own: where LONGTAIL_EXPERT_STREAMS is on, since no GPU has run it yet. Several
 * processes' gradients are gathered on the stream of the last one that is ready, which does not wait for the others.
 */
function wantsExpertStreams({ device, peers }: Pick<Prepared, "device" | "peers">): boolean {
  return process.env["LONGTAIL_EXPERT_STREAMS"] === "on" && device !== "cpu" && peers.ranks === 1;
}

function openRecorded({ device, recipe }: Prepared, options: StepOptions): RecordedStep {
  useOwnStream(device);
  return new RecordedStep(options, { recorder: recordOnGpu, batch: recipe.data.batch });
}

function stepOptions({ recipe, ...prepared }: Prepared): StepOptions {
  const { precision, optimizer } = recipe;
  return { ...prepared, precision, accumulate: optimizer.accumulate };
}

/** What a step does that a recording cannot do again; null: nothing. */
export function whyNotRecorded(
  { recipe, peers, method }: Pick<Prepared, "recipe" | "peers" | "method">,
  { library = hasCudaLibrary() } = {},
): string | null {
  if (process.env["LONGTAIL_CUDA_GRAPHS"] === "off") return "LONGTAIL_CUDA_GRAPHS is off";
  if (peers.ranks > 1) return "several processes exchange gradients within a step";
  if (recipe.optimizer.accumulate > 1) return "a batch is cut into parts (optimizer.accumulate)";
  if (recipe.data.mix !== null) return "how images are mixed is drawn for each step (data.mix)";
  if (method.decidesAnew !== null) return `the method decides anew at each step: ${method.decidesAnew}`;
  if (!library) return "the CUDA library is not built (node scripts/build-cuda.mjs --headers)";
  return null;
}
