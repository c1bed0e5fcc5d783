import type { ImageStage } from "../data/loader/timeline.js";
import { sum } from "../support/math.js";
import type { AsTrained } from "./as-trained.js";
import type { Timeline } from "./timeline.js";

/** What the time of the thread that trains is made of. */
export const PARTS = ["waiting", "normalize", "forward", "backward", "optimizer", "rest"] as const;
export type Part = (typeof PARTS)[number];

/** What the threads that make images do. */
export const STAGES = ["read", "decode", "transform"] as const satisfies readonly ImageStage[];
export type Stage = (typeof STAGES)[number];

export interface Facts {
  readonly recipe: string;
  readonly device: string;
  readonly batch: number;
  readonly steps: number;
  /** That were trained on. */
  readonly images: number;
  /** Of an image, each with transforms of its own. */
  readonly views: number;
  readonly threads: number; // for computing
  readonly workers: number; // that make images
  /** Of the whole process, over all steps. */
  readonly cpuMilliseconds: number;
  /** The process's largest resident set so far, in bytes. */
  readonly peakMemory: number;
  /** On a GPU, where parts can only be timed by waiting for each: what the training's own step takes. Null on the CPU. */
  readonly asTrained: AsTrained | null;
}

/**
 * Where the time of a training step goes.
 *
 * @example
 * const { imagesPerSecond, step }: Profile = await profile(recipe, { data: "my-photos" });
 */
export interface Profile extends Omit<Facts, "cpuMilliseconds"> {
  readonly imagesPerSecond: number;
  /** Milliseconds of a mean step; so are all below but perImage. */
  readonly step: number;
  /** Of all threads together. */
  readonly cpu: number;
  /** They add up to the step. */
  readonly parts: Readonly<Record<Part, number>>;
  /** Of the threads that make images, all together: they add up to workers × step. */
  readonly producers: Readonly<Record<Stage | "idle", number>>;
  /** Milliseconds of one thread for an image with all its views; null where none was made. */
  readonly perImage: Readonly<Record<Stage, number>> | null;
}

export function summarize(timeline: Timeline, { cpuMilliseconds, ...facts }: Facts): Profile {
  const { steps, images, workers, views } = facts;
  const wall = timeline.end - timeline.begin;
  const training = totals(timeline.training, ({ phase }) => phase);
  const stages = totals(timeline.images, ({ stage }) => stage);
  const perStep = (milliseconds = 0): number => milliseconds / steps;
  const step = perStep(wall);
  const known = {
    waiting: perStep(stages.wait),
    normalize: perStep(stages.normalize),
    forward: perStep(training.forward),
    backward: perStep(training.backward),
    optimizer: perStep(training.optimizer),
  };
  // Threads work ahead: what they made in this time need not be what was trained on.
  const made = timeline.images.filter(({ stage }) => stage === "transform").length / views;
  const work = eachStage((stage) => perStep(stages[stage]));
  return {
    ...facts,
    imagesPerSecond: (1000 * images) / wall,
    step,
    cpu: perStep(cpuMilliseconds),
    parts: { ...known, rest: step - sum(Object.values(known)) },
    producers: { ...work, idle: workers * step - sum(Object.values(work)) },
    perImage: made === 0 ? null : eachStage((stage) => (stages[stage] ?? 0) / made),
  };
}

function eachStage(valueOf: (stage: Stage) => number): Record<Stage, number> {
  return { read: valueOf("read"), decode: valueOf("decode"), transform: valueOf("transform") };
}

/** Milliseconds by name. */
function totals<T extends { begin: number; end: number }, K extends string>(
  spans: readonly T[],
  nameOf: (span: T) => K,
): Partial<Record<K, number>> {
  const all: Partial<Record<K, number>> = {};
  for (const span of spans) all[nameOf(span)] = (all[nameOf(span)] ?? 0) + span.end - span.begin;
  return all;
}
