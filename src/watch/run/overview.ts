import { type JsonObject, numberOf, objectIn, objectOf, textOf } from "../../support/json.js";
import type { Accuracy, RunState, RunSummary } from "../runs.js";
import type { Holder } from "./holder.js";

type End = "finished" | "interrupted" | "failed";

const ENDS: readonly (string | null)[] = ["finished", "interrupted", "failed"] satisfies End[];

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
  #run: JsonObject = {};
  #epoch = 0;
  #step = 0;
  #loss: number | null = null;
  #learningRate: number | null = null;
  #imagesPerSecond: number | null = null;
  #trainAccuracy: number | null = null;
  #pace: { time: number; steps: number } | null = null; // the first step that this process is known to have made

  line(text: string): void {
    const event = objectIn(text);
    if (event === null) return;
    const type = textOf(event["type"]);
    this.#noteTime(event, type);
    if (type === "run") this.#begin(event);
    else if (type === "step") this.#takeStep(event);
    else if (type === "epoch") this.#takeEpoch(event);
    else if (type === "evaluation") this.evaluation = accuracyOf(event["ensemble"], event);
    else if (type === "end") this.#takeEnd(event);
  }

  /** Whether what the run's first event says is known: for the end of a long run's events it may not be. */
  get knowsRun(): boolean {
    return Object.keys(this.#run).length > 0;
  }

  /** Takes from a run's first event what it is about; where it stands is known already. */
  about(text: string): void {
    const event = objectIn(text);
    if (event?.["type"] === "run" && !this.knowsRun) this.#run = event;
  }

  /** What the list shows of it; the rest comes from the run's other files. */
  summary(): Pick<RunSummary, SummaryKey> {
    const run = this.#run;
    const epoch = this.#epoch;
    const step = this.#step;
    const loss = this.#loss;
    const learningRate = this.#learningRate;
    const imagesPerSecond = this.#imagesPerSecond;
    const trainAccuracy = this.#trainAccuracy;
    return {
      name: textOf(run["name"]),
      device: textOf(run["device"]),
      threads: numberOf(run["threads"]),
      seed: numberOf(run["seed"]),
      classes: numberOf(run["classes"]),
      trainImages: numberOf(run["trainImages"]),
      parameters: numberOf(run["parameters"]),
      epochs: this.#epochs,
      stepsPerEpoch: this.#stepsPerEpoch,
      secondsLeft: this.end === null ? this.#secondsLeft() : null,
      peakMemory: this.end === null ? null : this.peakMemory,
      ...{ epoch, step, loss, learningRate, imagesPerSecond, trainAccuracy },
    };
  }

  get #epochs(): number | null {
    return numberOf(this.#run["epochs"]);
  }

  get #stepsPerEpoch(): number | null {
    return numberOf(this.#run["stepsPerEpoch"]);
  }

  #noteTime(event: JsonObject, type: string | null): void {
    const time = Date.parse(textOf(event["time"]) ?? "");
    if (Number.isNaN(time)) return;
    // What lies between a run and its being gone on with is no sign of how long it is silent.
    if (this.lastEventTime !== null && type !== "run")
      this.longestGap = Math.max(this.longestGap, time - this.lastEventTime);
    this.lastEventTime = time;
  }

  #begin(event: JsonObject): void {
    this.#run = event;
    this.end = this.message = this.#pace = null;
    const from = objectOf(event["from"]);
    this.#epoch = (numberOf(from["epoch"]) ?? 0) + 1;
    this.#step = numberOf(from["step"]) ?? 0;
  }

  #takeStep(event: JsonObject): void {
    this.#epoch = numberOf(event["epoch"]) ?? this.#epoch;
    this.#step = numberOf(event["step"]) ?? this.#step;
    this.#loss = numberOf(event["loss"]);
    this.#learningRate = numberOf(event["lr"]);
    this.#imagesPerSecond = numberOf(event["imagesPerSecond"]);
    if (this.#pace === null && this.lastEventTime !== null)
      this.#pace = { time: this.lastEventTime, steps: this.#stepsDone };
  }

  /** The mean over the epoch takes the place of its last step's: that one has fewer images, and is one of many. */
  #takeEpoch(event: JsonObject): void {
    this.#loss = numberOf(event["loss"]) ?? this.#loss;
    this.#trainAccuracy = numberOf(event["accuracy"]);
    this.#imagesPerSecond = numberOf(event["imagesPerSecond"]) ?? this.#imagesPerSecond;
  }

  #takeEnd(event: JsonObject): void {
    const reason = textOf(event["reason"]);
    this.end = ENDS.includes(reason) ? (reason as End) : "failed";
    this.message = textOf(event["message"]);
    this.peakMemory = numberOf(event["peakMemory"]);
  }

  get #stepsDone(): number {
    return (this.#epoch - 1) * (this.#stepsPerEpoch ?? 0) + this.#step;
  }

  /** By the pace since its first step that is known, evaluations and checkpoints included. */
  #secondsLeft(): number | null {
    const { lastEventTime } = this;
    const pace = this.#pace;
    const epochs = this.#epochs;
    const stepsPerEpoch = this.#stepsPerEpoch;
    const stepsDone = this.#stepsDone;
    if (pace === null || lastEventTime === null || epochs === null || stepsPerEpoch === null) return null;
    const made = stepsDone - pace.steps;
    return made < 2 || lastEventTime < pace.time
      ? null
      : ((lastEventTime - pace.time) / 1000 / made) * (epochs * stepsPerEpoch - stepsDone);
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
  | "epoch"
  | "step"
  | "loss"
  | "trainAccuracy"
  | "learningRate"
  | "imagesPerSecond"
  | "secondsLeft"
  | "peakMemory";

/** An ensemble's scores by group, as events and result.json have them. */
export function accuracyOf(ensemble: unknown, { epoch, split }: JsonObject): Accuracy {
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
