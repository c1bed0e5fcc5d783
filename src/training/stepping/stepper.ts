import { hasCudaLibrary, recordOnGpu, useOwnStream } from "../../torch/cuda.js";
import type { Prepared } from "../prepare.js";
import { trainStep } from "../step.js";
import type { StepOptions, StepOutcome, TrainingBatch } from "../step.js";
import { RecordedStep } from "./recorded-step.js";

/** Runs a training's steps. */
export interface Stepper extends Disposable {
  /** Call it in a scope of its own. */
  run(batch: TrainingBatch): StepOutcome;
  /** Why a GPU is given a step's operators one by one; null where the step is recorded, or runs on the CPU. */
  readonly notRecorded: string | null;
}

/** On a GPU the whole step is recorded once and then launched as one, where it can be. */
export function openStepper(prepared: Prepared): Stepper {
  const { device, recipe } = prepared;
  const options = stepOptions(prepared);
  const notRecorded = device === "cpu" ? null : whyNotRecorded(prepared);
  if (device === "cpu" || notRecorded !== null)
    return {
      run: (batch) => trainStep(batch, options),
      notRecorded,
      [Symbol.dispose]: () => undefined,
    };
  useOwnStream(device);
  const recorded = new RecordedStep(options, { recorder: recordOnGpu, batch: recipe.data.batch });
  return {
    run: (batch) => recorded.run(batch),
    notRecorded: null,
    [Symbol.dispose]: () => {
      recorded[Symbol.dispose]();
    },
  };
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
