import { setImmediate } from "node:timers/promises";
import { classStatistics } from "../data/statistics.js";
import { AccuracyMeter } from "../evaluation/accuracy.js";
import type { FittedTemperatures } from "../evaluation/analysis/analysis-meter.js";
import { transformed } from "../evaluation/meter.js";
import { resolveRecipe } from "../recipes/resolve.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Emit } from "../runs/events.js";
import { STAGE_NAMES, type TuningStage, type TuningTrial } from "../runs/fit-file.js";
import type { Json } from "../support/json.js";
import { maxOf } from "../support/math.js";
import { tensor } from "../torch/create.js";
import type { Tensor } from "../torch/tensor.js";
import { adjustClassifiers, keepClassifiers, logitShifts } from "../training/adjust.js";
import { runMeters } from "../training/evaluate.js";
import { fitOnHeldOut } from "../training/evaluate-split.js";
import { phasesOf } from "../training/phases.js";
import { prepare, prepareNext, type Training } from "../training/prepare.js";
import { openExecutor, Steps } from "../training/steps.js";
import { trainingProgress } from "./progress.js";

/** Share of each class's training images that choose among classifiers, and between a frozen network and a fine-tuned one. */
export const HELD_OUT = { portion: { fraction: 0.2 }, seed: 0 } as const;

/** What `fit` trains of the network after the classifier, in order, and how long that takes. */
export interface TuningPlan {
  readonly stages: readonly TuningStage[];
  /** Expected duration of the trial on held-out images and, where it is better, of the training on all images. */
  readonly seconds: number;
}

/** Epochs of a stage; fewer than the minimum are not worth their time. */
const EPOCHS = {
  "last-stage": { min: 3, max: 4 },
  all: { min: 2, max: 4 },
} as const;
/** Passes over the training images for an epoch: the trial's, and those of the training on all of them. */
const PASSES = 2 - HELD_OUT.portion.fraction;
/** Room for a machine that gets slower meanwhile. */
const SLACK = 1.15;

interface TuningCosts {
  readonly images: number;
  /** Seconds of a training step for each image, with reading it; asked only where there may be time. */
  readonly secondsOf: (trainable: TuningStage["trainable"]) => number;
  /** Seconds that are left. */
  readonly left: number;
}

/** Decides what to fine-tune in the time that is left: the last stage, then the whole network. Null where there is no time. */
export function planTuning({ images, secondsOf, left }: TuningCosts): TuningPlan | null {
  if (left <= 0) return null;
  const stages: TuningStage[] = [];
  let total = 0;
  for (const trainable of ["last-stage", "all"] as const) {
    const { min, max } = EPOCHS[trainable];
    const epoch = SLACK * PASSES * images * secondsOf(trainable);
    const epochs = Math.min(max, Math.floor((left - total) / epoch));
    if (epochs < min) break;
    stages.push({ trainable, epochs });
    total += epochs * epoch;
  }
  return stages.length === 0 ? null : { stages, seconds: total };
}

const BATCH = 64;
const WARMUP_STEPS = 20;
/** Rates decided on Caltech-101's held-out images (docs/LOG.md): the network's is half of the classifier's. */
const OPTIMIZER = { kind: "adamw", lr: 2e-4, weightDecay: 1e-4, backboneLr: 0.5 } as const;
const SCHEDULE = { kind: "cosine", every: "step", warmupSteps: WARMUP_STEPS } as const;
/** Windows are on average as large as the center crop of the test images. */
const SCALE = [0.5, 1] as const;
/** Adjustments of a fine-tuned network's classifier for the class counts that are tried, beyond the loss's own. */
const TAUS = [0, 0.25, 0.5] as const;
/** Of a stage's averages, the share that is still the weights it started from. */
const SHARE_OF_START = 0.1;

interface TunedOptions {
  readonly stages: readonly TuningStage[];
  /** Whether the last stage's result is the moving average of its weights; it always is what the next stage starts from. */
  readonly averaged: boolean;
  /** Strength of a logit adjustment of the classifier after the last stage; 0: none. */
  readonly tau: number;
  /** Training images. */
  readonly images: number;
}

/**
 * The recipe of a head, and phases after it that train the network as well. Averages of the weights start from the frozen ones
 * and forget them slowly, so that they lie between the frozen network and the trained one. Wortsman et al., "Robust fine-tuning of
 * zero-shot models", CVPR 2022, who interpolate.
 */
export function tunedRecipe(
  recipe: ResolvedRecipe,
  { stages, averaged, tau, images }: TunedOptions,
): ResolvedRecipe {
  const { imageSize: size, test } = recipe.data;
  const resize = test.find((step) => "interpolation" in step); // as the weights ask for
  const train = [
    {
      ...{ kind: "random-resized-crop", size, scale: SCALE },
      ...(resize && { interpolation: resize.interpolation }),
    },
    { kind: "horizontal-flip" },
  ];
  const epochs = stages.reduce((sum, stage) => sum + stage.epochs, recipe.epochs);
  const ema = (of: TuningStage): ResolvedRecipe["ema"] => {
    const steps = of.epochs * Math.ceil(images / BATCH);
    return { decay: Number((SHARE_OF_START ** (1 / steps)).toFixed(5)), warmup: false };
  };
  const whole = {
    ...recipe,
    description: `${recipe.description}, fine-tuned`,
    freezeBackbone: false,
    epochs,
    evaluation: { ...recipe.evaluation, every: epochs },
    checkpoints: { ...recipe.checkpoints, epochs: 1 },
    ...(tau !== 0 && { adjustment: { kind: "logit-adjustment", tau } }),
    phases: [
      { name: "classifier", epochs: recipe.epochs, freezeBackbone: true },
      ...stages.map((stage, i) => ({
        name: stage.trainable,
        epochs: stage.epochs,
        trainable: stage.trainable,
        optimizer: OPTIMIZER,
        schedule: SCHEDULE,
        data: { batch: BATCH, train },
        ...((averaged || i < stages.length - 1) && { ema: ema(stage) }),
      })),
    ],
  };
  return resolveRecipe(JSON.parse(JSON.stringify(whole)) as Json, "longtail fit");
}

export interface TuningOptions {
  /** The head's, with all stages. */
  readonly recipe: ResolvedRecipe;
  readonly stages: readonly TuningStage[];
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
}

/** A stage with its accuracy, and the temperature that fits the network's probabilities to the held-out images. */
export type TriedStage = TuningTrial & { readonly temperature: FittedTemperatures };

/**
 * Fine-tunes on the images that heads are trained on in trials, and evaluates the network on the held-out ones after each stage: as
 * it was trained, and its moving average.
 * @throws What preparing a training throws; the signal's reason.
 */
export async function tryTuning({ recipe, stages, emit, signal }: TuningOptions): Promise<TriedStage[]> {
  const { portion, seed } = HELD_OUT;
  const selection = { kind: "held-out", ...portion, seed, patience: null } as const;
  const tried: ResolvedRecipe = { ...recipe, selection };
  const [first, ...others] = phasesOf(tried);
  const listener = { report: emit, signal };
  const trials: TriedStage[] = [];
  let training = await prepare(tried, "cpu", { ...listener, phase: first! });
  try {
    await trainPhase(training, { signal });
    for (const [index, phase] of others.entries()) {
      training = await prepareNext(training, phase, listener);
      const what = `fine-tuning ${STAGE_NAMES[stages[index]!.trainable]}, trial`;
      const { stepsPerEpoch } = training.loaders.train;
      const onStep = trainingProgress(what, { epochs: stages[index]!.epochs, stepsPerEpoch, emit });
      await trainPhase(training, { signal, onStep });
      for (const averaged of [false, true])
        trials.push({
          ...stages[index]!,
          averaged,
          ...(await evaluateHeldOut(training, { averaged, signal })),
        });
    }
    return trials;
  } finally {
    training[Symbol.dispose]();
  }
}

async function trainPhase(
  training: Training,
  { signal, onStep }: { readonly signal: AbortSignal | undefined; readonly onStep?: (done: number) => void },
): Promise<void> {
  const { start, end } = training.phase;
  using executor = openExecutor(training);
  let done = 0;
  for (let epoch = start; epoch < end; epoch += 1) {
    using steps = new Steps(training, { executor, from: { epoch, step: 0 }, signal });
    await steps.ready();
    for (const _step of steps) {
      onStep?.((done += 1));
      await setImmediate(); // signal handlers run only when the event loop gets a turn
      await steps.ready();
    }
    signal?.throwIfAborted();
  }
}

/**
 * Accuracy on the held-out images with the strength of the adjustment after training that suits them best. Classifiers on the frozen
 * network have the same choice.
 */
async function evaluateHeldOut(
  training: Training,
  { averaged, signal }: { readonly averaged: boolean; readonly signal: AbortSignal | undefined },
): Promise<Pick<TriedStage, "tau" | "balanced" | "few" | "temperature">> {
  const { trainee, recipe, data, loaders } = training;
  const { method } = trainee;
  using _averages = averaged ? trainee.ema!.applied() : null;
  const trained = classStatistics(data.trainSubset).counts;
  const { classes, counts } = data.statistics;
  const tried = TAUS.map((tau) => {
    const accuracy = new AccuracyMeter({ classes, counts, experts: 1, groups: recipe.evaluation.groups });
    const shifts = logitShifts(trained, tau);
    const adjusted = (logits: readonly Tensor[]): Tensor[] => logits.map((one) => one.add(tensor(shifts)));
    return { tau, accuracy, meter: transformed(accuracy, adjusted) };
  });
  await runMeters({ method, loader: loaders.heldOut!, meters: tried.map(({ meter }) => meter), signal });
  signal?.throwIfAborted();
  const scores = tried.map(({ accuracy }) => accuracy.result().ensemble);
  const best = scores.findIndex(({ balanced }) => balanced === maxOf(scores.map((one) => one.balanced)));
  const { balanced, few } = scores[best]!;
  const tau = TAUS[best]!;
  using _classifiers = keepClassifiers(method.model);
  adjustClassifiers(method.model, { kind: "logit-adjustment", tau }, trained);
  const temperature = await fitOnHeldOut(training, { signal, kinds: ["global"] });
  if (temperature === null) throw signal!.reason; // only a signal ends it early
  return { tau, balanced, few, temperature };
}
