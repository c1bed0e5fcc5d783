import type { Labeled } from "../../methods/ensemble/method.js";
import { graphCaptureBlockerOf } from "../../methods/index.js";
import { gradients as gradientsOf, noGrad } from "../../torch/autograd.js";
import { clauseOf, TrainingError } from "../../support/errors.js";
import { hasCudaLibrary, type Recorder, type Recording } from "../../torch/cuda.js";
import { dispose, keepForever, scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import type { Training } from "../prepare.js";
import { type ComputedStep, computeStep, type StepOptions, type TrainingBatch } from "../step.js";

/** Steps before the recording, which make what outlives a step: velocities, libraries' plans and workspaces. */
export const WARM_UP = 3;

interface Recorded {
  readonly recording: Recording;
  readonly inputs: Pick<Labeled, "images" | "labels">;
  /** Of each parameter, where a replay leaves them; null for one that has none. */
  readonly gradients: readonly (Tensor | null)[];
}

/**
 * A training step that is recorded once and then launched as a whole: copy the batch to where the recording reads it,
 * replay. Forward, backward, clipping, the scaled loss's checks and the update are all part of it; the
 * learning rate is read from the device. Batches of another size (an epoch's last one) are computed operator by operator.
 */
export class RecordedStep implements Disposable {
  readonly #options: StepOptions;
  readonly #recorder: Recorder;
  readonly #batch: number;
  #warm = 0;
  /** Result of a step, in memory that is kept. */
  #result: ComputedStep | null = null;
  #recorded: Recorded | null = null;
  /** Whether the parameters' gradients are those of the recording. */
  #attached = false;

  /** batch: the images of a whole batch. */
  constructor(options: StepOptions, { recorder, batch }: { recorder: Recorder; batch: number }) {
    this.#options = options;
    this.#recorder = recorder;
    this.#batch = batch;
    options.optimizer.keepRateOnDevice();
  }

  /** Call it in a scope of its own. Its result lies where the next step's will, or in the scope. */
  run(batch: TrainingBatch): ComputedStep {
    if (batch.labels.shape[0] !== this.#batch) return this.#compute(batch);
    if (this.#warm < WARM_UP || this.#result === null) {
      this.#warm += 1;
      const step = this.#compute(batch);
      this.#result ??= { ...step, values: keepForever(step.values.clone()) };
      return step;
    }
    this.#recorded ??= this.#record(batch, this.#result);
    const { recording, inputs } = this.#recorded;
    inputs.images.copy_(batch.images, { nonBlocking: true });
    inputs.labels.copy_(batch.labels, { nonBlocking: true });
    this.#attachGradients(this.#recorded.gradients);
    recording.replay();
    return this.#result;
  }

  #compute(batch: TrainingBatch): ComputedStep {
    this.#attached = false;
    return computeStep(batch, this.#options);
  }

  #record({ images, labels, context }: TrainingBatch, { values }: ComputedStep): Recorded {
    const { method, optimizer } = this.#options;
    const inputs = { images: keepForever(images.clone()), labels: keepForever(labels.clone()) };
    optimizer.zeroGrad();
    const recording = record(this.#recorder, () => {
      using _scope = scope();
      const computed = computeStep({ ...inputs, ...(context && { context }) }, this.#options);
      using _noGrad = noGrad();
      values.copy_(computed.values);
    });
    const gradients = gradientsOf(method.model.parameters());
    keepForever(gradients.filter((gradient) => gradient !== null));
    return { recording, inputs, gradients };
  }

  /** A step of another batch has put its own gradients in their place; histograms read those of the latest step. */
  #attachGradients(gradients: readonly (Tensor | null)[]): void {
    if (this.#attached) return;
    this.#options.method.model.parameters().forEach((parameter, i) => {
      parameter.grad = gradients[i] ?? null;
    });
    this.#attached = true;
  }

  /** Forgets the recording: the next whole batch is computed operator by operator, the one after it recorded anew. */
  forget(): void {
    if (this.#result !== null) dispose(this.#result.values);
    this.#result = null;
    if (this.#recorded === null) return;
    const { recording, inputs, gradients } = this.#recorded;
    this.#options.optimizer.zeroGrad();
    dispose(inputs.images, inputs.labels, ...gradients.filter((one) => one !== null));
    recording[Symbol.dispose]();
    this.#recorded = null;
    this.#attached = false;
  }

  [Symbol.dispose](): void {
    this.forget();
  }
}

/** @throws TrainingError that says how to go on without a recording. */
function record(recorder: Recorder, work: () => void): Recording {
  try {
    return recorder(work);
  } catch (error) {
    throw new TrainingError(
      `The training step cannot be recorded as a CUDA graph: ${clauseOf(error)}. ` +
        "Set LONGTAIL_CUDA_GRAPHS=off and start again (--resume goes on from the last checkpoint): the GPU is then given a step's operators one by one.",
      { cause: error },
    );
  }
}

/** Why a step cannot be recorded as a CUDA graph; null where it can. */
export function graphBlocker(
  {
    recipe,
    peers,
    execution,
  }: Pick<Training, "recipe" | "execution"> & {
    readonly peers: Pick<Training["peers"], "worldSize">;
  },
  { library = hasCudaLibrary() } = {},
): string | null {
  if (!execution.cudaGraphs) return "LONGTAIL_CUDA_GRAPHS is off";
  if (peers.worldSize > 1) return "several processes exchange gradients within a step";
  if (recipe.optimizer.accumulate > 1) return "a batch is cut into parts (optimizer.accumulate)";
  if (recipe.data.mix !== null) return "how images are mixed is drawn for each step (data.mix)";
  const blocker = graphCaptureBlockerOf(recipe);
  if (blocker !== null) return `the method decides anew at each step: ${blocker}`;
  if (!library) return "the CUDA library is not built (node scripts/build-cuda.mjs --headers)";
  return null;
}
