import type { EndEvent, EpochEvent, RunEvent, StepEvent, TrainingEvent } from "../../runs/events.js";
import { eventIn } from "../../runs/metrics.js";
import { phaseOfEpoch, stepsOfEpochs, type Timeline, totalSteps } from "../../runs/timeline.js";
import { numberOf, objectOf, textOf } from "../../support/json.js";
import type { Accuracy, RunState, RunSummary } from "../runs.js";
import type { Holder } from "./holder.js";

type End = EndEvent["reason"];

const ENDS: readonly End[] = ["finished", "interrupted", "failed"];

/** What the events of a run say of where it stands. */
export class Overview {
  /** How it ended; null while it has not. */
  end: End | null = null;
  message: string | null = null;
  peakMemory: number | null = null;
  /** When the last event came, in milliseconds. */
  lastEventTime: number | null = null;
  /** Between two neighboring events, in milliseconds. */
  longestGap = 0;
  evaluation: Accuracy | null = null;
  #run: RunEvent | null = null;
  #epoch = 0;
  #step = 0;
  #loss: number | null = null;
  #learningRate: number | null = null;
  #imagesPerSecond: number | null = null;
  #trainAccuracy: number | null = null;
  #pace: { time: number; steps: number } | null = null; // the first step that this process is known to have made

  line(text: string): void {
    const event = eventIn(text);
    if (event === null) return;
    this.#noteTime(event);
    if (event.type === "run") this.#begin(event);
    else if (event.type === "step") this.#takeStep(event);
    else if (event.type === "epoch") this.#takeEpoch(event);
    else if (event.type === "evaluation") this.evaluation = accuracyOf(event.ensemble, event);
    else if (event.type === "end") this.#takeEnd(event);
  }

  /** Whether what the run's first event says is known: for the end of a long run's events it may not be. */
  get knowsRun(): boolean {
    return this.#run !== null;
  }

  /** Takes from a run's first event what it is about; where it stands is known already. */
  about(text: string): void {
    if (this.knowsRun) return;
    const event = eventIn(text);
    if (event?.type === "run") this.#run = event;
  }

  /** What the list shows of it; the rest comes from the run's other files. */
  summary(): Pick<RunSummary, SummaryKey> {
    const run = this.#run;
    const phase = run === null ? null : phaseOfEpoch(run, this.#epoch);
    return {
      name: textOf(run?.name),
      device: textOf(run?.device),
      threads: numberOf(run?.threads),
      seed: numberOf(run?.seed),
      classes: numberOf(run?.classes),
      trainImages: numberOf(run?.trainImages),
      parameters: numberOf(run?.parameters),
      epochs: run?.epochs ?? null,
      stepsPerEpoch: phase?.stepsPerEpoch ?? null,
      phase: phase?.name ?? null,
      phases: run?.phases ?? null,
      secondsLeft: this.end === null ? this.#secondsLeft() : null,
      peakMemory: this.end === null ? null : this.peakMemory,
      epoch: this.#epoch,
      step: this.#step,
      loss: this.#loss,
      learningRate: this.#learningRate,
      imagesPerSecond: this.#imagesPerSecond,
      trainAccuracy: this.#trainAccuracy,
    };
  }

  #noteTime({ type, time: at }: TrainingEvent): void {
    const time = Date.parse(at);
    if (Number.isNaN(time)) return;
    // What lies between a run and its being gone on with is no sign of how long it is silent.
    if (this.lastEventTime !== null && type !== "run")
      this.longestGap = Math.max(this.longestGap, time - this.lastEventTime);
    this.lastEventTime = time;
  }

  #begin(event: RunEvent): void {
    this.#run = event;
    this.end = this.message = this.#pace = null;
    this.#epoch = (numberOf(event.from?.epoch) ?? 0) + 1;
    this.#step = numberOf(event.from?.step) ?? 0;
  }

  #takeStep({ epoch, step, loss, lr, imagesPerSecond }: StepEvent): void {
    this.#epoch = epoch;
    this.#step = step;
    this.#loss = numberOf(loss);
    this.#learningRate = numberOf(lr);
    this.#imagesPerSecond = numberOf(imagesPerSecond);
    if (this.#pace === null && this.#run !== null && this.lastEventTime !== null)
      this.#pace = { time: this.lastEventTime, steps: this.#stepsDone(this.#run) };
  }

  /** The mean over the epoch takes the place of its last step's: that one has fewer images, and is one of many. */
  #takeEpoch({ loss, accuracy, imagesPerSecond }: EpochEvent): void {
    this.#loss = numberOf(loss) ?? this.#loss;
    this.#trainAccuracy = numberOf(accuracy);
    this.#imagesPerSecond = numberOf(imagesPerSecond) ?? this.#imagesPerSecond;
  }

  #takeEnd({ reason, message, peakMemory }: EndEvent): void {
    this.end = ENDS.includes(reason) ? reason : "failed";
    this.message = textOf(message);
    this.peakMemory = numberOf(peakMemory);
  }

  #stepsDone(run: Timeline): number {
    return stepsOfEpochs(run, this.#epoch - 1) + this.#step;
  }

  /** By the pace since its first step that is known, evaluations and checkpoints included. */
  #secondsLeft(): number | null {
    const { lastEventTime } = this;
    const run = this.#run;
    const pace = this.#pace;
    if (run === null || pace === null || lastEventTime === null) return null;
    const stepsDone = this.#stepsDone(run);
    const made = stepsDone - pace.steps;
    return made < 2 || lastEventTime < pace.time
      ? null
      : ((lastEventTime - pace.time) / 1000 / made) * (totalSteps(run) - stepsDone);
  }
}

type SummaryKey =
  | "name"
  | "device"
  | "threads"
  | "seed"
  | "classes"
  | "trainImages"
  | "parameters"
  | "epochs"
  | "stepsPerEpoch"
  | "phase"
  | "phases"
  | "epoch"
  | "step"
  | "loss"
  | "trainAccuracy"
  | "learningRate"
  | "imagesPerSecond"
  | "secondsLeft"
  | "peakMemory";

/** An ensemble's scores by group, as events and result.json have them. */
export function accuracyOf(
  ensemble: unknown,
  { epoch, split }: { readonly epoch?: unknown; readonly split?: unknown },
): Accuracy {
  const scores = objectOf(ensemble);
  return {
    split: textOf(split) ?? "test",
    epoch: numberOf(epoch) ?? 0,
    all: numberOf(scores["all"]),
    many: numberOf(scores["many"]),
    medium: numberOf(scores["medium"]),
    few: numberOf(scores["few"]),
  };
}

const MIN_PATIENCE = 60_000; // milliseconds
/** So many times its longest silence so far is more than an evaluation or a checkpoint. */
const PATIENCE = 3;

/** @param lastSeen when its files last changed, by this machine's clock; null: never */
export function runState(
  { end, message, longestGap }: Pick<Overview, "end" | "message" | "longestGap">,
  { holder, lastSeen, now }: { holder: Holder; lastSeen: number | null; now: number },
): { state: RunState; message: string | null } {
  if (end !== null) return { state: end, message };
  if (holder.kind === "here") return { state: "running", message: null };
  if (holder.kind === "gone")
    return { state: "interrupted", message: "its process ended without a word; train --resume goes on" };
  const patience = Math.max(MIN_PATIENCE, PATIENCE * longestGap);
  return { state: lastSeen !== null && now - lastSeen <= patience ? "running" : "silent", message: null };
}
