/** A recorded step is the plain one, bit for bit: a recorder that does the work anew at each replay stands for the GPU's. */
import { expect, test } from "vitest";
import type { Labeled } from "../../methods/ensemble/method.js";
import { buildMethod } from "../../methods/index.js";
import { LossScaler } from "../../optim/loss-scaler.js";
import { Sgd } from "../../optim/sgd.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { tensor } from "../../torch/create.js";
import type { Recorder } from "../../torch/cuda.js";
import { Rng } from "../../torch/random.js";
import { memory, scope } from "../../torch/scope.js";
import { weightHistograms } from "../epochs.js";
import {
  type ComputedStep,
  computeStep,
  readOutcome,
  type StepOptions,
  type StepOutcome,
  type TrainingBatch,
} from "../step.js";
import { toyRecipe } from "../toy.fixture.js";
import { graphBlocker, RecordedStep } from "./recorded-step.js";

const BATCH = 4;
const training = { classes: ["a", "b", "c"], counts: [9, 5, 2] };
const recipe = toyRecipe("data", { dropout: 0 });

/** Records nothing: a replay does the work, on the same memory. */
const anew: Recorder = (work) => ({ replay: work, [Symbol.dispose]: () => undefined });

/** The 1st to 9th step's batch; the 6th is smaller, as an epoch's last one. */
function batchOf(step: number): Labeled {
  const images = step === 5 ? 3 : BATCH;
  const labels = tensor(
    Array.from({ length: images }, (_, i) => (i + step) % 3),
    { dtype: "int64" },
  );
  return {
    images: new Rng(step).normal([images, 3, 16, 16]).to({ memoryFormat: "channels_last" }),
    labels,
  };
}

interface Trained {
  outcomes: StepOutcome[];
  weights: number[];
  gradients: unknown;
}

function trained(
  precision: ResolvedRecipe["precision"],
  runner: (options: StepOptions) => { run: (batch: TrainingBatch) => ComputedStep } & Disposable,
): Trained {
  using _scope = scope();
  const method = buildMethod(recipe, training);
  method.model.to({ memoryFormat: "channels_last" }).train();
  const optimizer = new Sgd(method.model.parameters(), { ...recipe.optimizer, clipNorm: 1 });
  const scaler = precision === "float16" ? new LossScaler() : null;
  const runs = runner({ method, optimizer, scaler, precision, accumulate: 1 });
  const outcomes = Array.from({ length: 9 }, (_, step) => {
    using _step = scope();
    optimizer.lr = 0.1 / (1 + step);
    return readOutcome(runs.run(batchOf(step)));
  });
  const { gradients } = weightHistograms(method.model, "all");
  const weights = [...method.model.stateDict().values()].flatMap((weight) => weight.toList());
  runs[Symbol.dispose]();
  scaler?.[Symbol.dispose]();
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
  return { outcomes, weights, gradients };
}

const plainly = (options: StepOptions) => ({
  run: (batch: TrainingBatch) => computeStep(batch, options),
  [Symbol.dispose]: () => undefined,
});

test.each(["float32", "bfloat16", "float16"] as const)(
  "in %s, over rates and a smaller batch",
  (precision) => {
    let recordings = 0;
    const recorder: Recorder = (work) => {
      recordings += 1;
      return anew(work);
    };
    const recorded = trained(precision, (options) => new RecordedStep(options, { recorder, batch: BATCH }));
    expect(recordings).toBe(1);
    expect(recorded).toEqual(trained(precision, plainly));
  },
);

test("a step that cannot be recorded is an error that says how to go on", () => {
  const failing: Recorder = () => {
    throw new Error("operation not permitted when stream is capturing");
  };
  expect(() =>
    trained("float32", (options) => new RecordedStep(options, { recorder: failing, batch: BATCH })),
  ).toThrowErrorMatchingInlineSnapshot(
    `[TrainingError: The training step cannot be recorded as a CUDA graph: operation not permitted when stream is capturing. Set LONGTAIL_CUDA_GRAPHS=off and start again (--resume goes on from the last checkpoint): the GPU is then given a step's operators one by one.]`,
  );
});

test("a recording that is forgotten is made anew, of what the step computes then", () => {
  let recordings = 0;
  const recorder: Recorder = (work) => {
    recordings += 1;
    return anew(work);
  };
  const forgetful = (options: StepOptions) => {
    const runs = new RecordedStep(options, { recorder, batch: BATCH });
    let step = 0;
    return {
      run: (batch: TrainingBatch) => {
        if (step++ === 6) runs.forget();
        return runs.run(batch);
      },
      [Symbol.dispose]: () => {
        runs[Symbol.dispose]();
      },
    };
  };
  expect(trained("float32", forgetful)).toEqual(trained("float32", plainly));
  expect(recordings).toBe(2);
});

test("nothing is left behind", () => {
  const run = (): Trained =>
    trained("float32", (options) => new RecordedStep(options, { recorder: anew, batch: BATCH }));
  run();
  const before = memory();
  run();
  expect(memory()).toEqual(before);
});

test("why a step is not recorded", () => {
  const alone = { worldSize: 1 };
  const execution = { cudaGraphs: true, expertStreams: false };
  const plain = { recipe, peers: alone, execution };
  const why = (changes: object, library = true): string | null =>
    graphBlocker({ ...plain, ...changes }, { library });
  expect(why({})).toBeNull();
  expect(why({ execution: { ...execution, cudaGraphs: false } })).toMatch(/LONGTAIL_CUDA_GRAPHS is off/);
  expect(why({}, false)).toMatch(/not built \(node scripts\/build-cuda\.mjs --headers\)/);
  expect(why({ peers: { worldSize: 2 } })).toMatch(/several processes/);
  const contrastive = { ...recipe, method: { ...recipe.method, contrastive: {} } };
  expect(why({ recipe: contrastive })).toMatch(/anew at each step: the order in which key encoders/);
  const accumulated = { ...recipe, optimizer: { ...recipe.optimizer, accumulate: 2 } };
  expect(why({ recipe: accumulated })).toMatch(/optimizer\.accumulate/);
  const mixed = { ...recipe, data: { ...recipe.data, mix: { kind: "mixup", alpha: 1, p: 1 } } };
  expect(why({ recipe: mixed })).toMatch(/data\.mix/);
});
