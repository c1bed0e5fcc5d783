import { existsSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { tfRecord } from "../../../data/tfrecord/frame.js";
import type { ResolvedRecipe } from "../../../recipes/schema.js";
import { AppendFile } from "../../../support/append-file.js";
import { writeFileAtomic } from "../../../support/atomic-file.js";
import type { HistogramsEvent, ImagesEvent, RunEvent, TrainingEvent } from "../../events.js";
import { toldEvents } from "../../metrics.js";
import type { RunFolder } from "../../run-folder.js";
import type { Log } from "../log.js";
import { epochScalars, evaluationScalars, stepScalars } from "../scalars.js";
import type { Scalar } from "../scalars.js";
import { restartEvent, summaryEvent, versionEvent } from "./event.js";
import type { LoggedValue } from "./event.js";
import { eventFiles, newEventFile } from "./event-file.js";

/**
 * Writes what a run tells to an event file for TensorBoard, in the run's folder. A run that goes on gets a new file, which
 * begins with all that metrics.jsonl still holds, and the old one is emptied: so no step is in the folder twice, and a
 * TensorBoard that is looking on drops what it knew.
 */
export class TensorBoardLog implements Log {
  readonly #folder: RunFolder;
  readonly #everySteps: number;
  #run: RunEvent | undefined;
  #file: AppendFile | undefined;
  /** The latest epoch that was told. */
  #epoch = 0;

  constructor(folder: RunFolder, { everySteps }: Pick<ResolvedRecipe["logs"], "everySteps">) {
    this.#folder = folder;
    this.#everySteps = everySteps;
  }

  hear(event: TrainingEvent): void {
    if (event.type === "run") this.#begin(event);
    for (const record of this.#records(event)) this.#file?.add(record);
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }

  #begin(run: RunEvent): void {
    this.#run = run;
    this.#epoch = 0;
    const { path } = this.#folder;
    const old = eventFiles(path);
    const file = newEventFile(path);
    writeFileAtomic(file, this.#retold(run.time));
    for (const one of old) giveUp(one);
    this.#file = new AppendFile(file);
  }

  *#retold(time: string): Generator<Uint8Array> {
    yield tfRecord(versionEvent(time));
    yield tfRecord(restartEvent({ time, step: 0 }));
    for (const event of toldEvents(this.#folder.metrics)) yield* this.#records(event);
  }

  *#records(event: TrainingEvent): Generator<Uint8Array> {
    const { stepsPerEpoch } = this.#run ?? { stepsPerEpoch: 0 };
    switch (event.type) {
      case "step": {
        const step = (event.epoch - 1) * stepsPerEpoch + event.step;
        if (step % this.#everySteps === 0)
          yield record({ time: event.time, step }, scalarValues(stepScalars(event)));
        break;
      }
      case "images":
        yield* this.#picture(event);
        break;
      case "epoch":
        this.#epoch = event.epoch;
        yield record(this.#atEnd(event), scalarValues(epochScalars(event)));
        break;
      case "histograms":
        yield record(this.#atEnd(event), histogramValues(event));
        break;
      case "evaluation": {
        // The selected epoch is judged again after the last: under names of its own, since steps of a name only grow.
        const prefix = event.epoch < this.#epoch ? "selected/" : "";
        yield record(this.#atEnd(event), scalarValues(evaluationScalars(event), prefix));
        break;
      }
      case "cache":
      case "run":
      case "epoch-start":
      case "checkpoint":
      case "warning":
      case "end":
        break;
      default:
        event satisfies never;
    }
  }

  #atEnd({ time, epoch }: { time: string; epoch: number }) {
    return { time, step: epoch * (this.#run?.stepsPerEpoch ?? 0) };
  }

  *#picture({ file, width, height, time, step }: ImagesEvent): Generator<Uint8Array> {
    const path = join(this.#folder.path, file);
    if (!existsSync(path)) return; // told by an earlier process, and removed since
    yield record({ time, step }, [
      { kind: "image", tag: "first batch", png: readFileSync(path), width, height },
    ]);
  }
}

/**
 * Empties an event file; one that is empty already goes. A TensorBoard that is reading a file goes on to the next at its
 * end, but stands still where the file is gone.
 */
function giveUp(path: string): void {
  if (statSync(path).size === 0) rmSync(path);
  else truncateSync(path);
}

function record(moment: { time: string; step: number }, values: readonly LoggedValue[]): Uint8Array {
  return tfRecord(summaryEvent(moment, values));
}

function scalarValues(scalars: readonly Scalar[], prefix = ""): LoggedValue[] {
  return scalars.map(([name, value]) => ({ kind: "scalar", tag: prefix + name, value }));
}

function histogramValues({ weights, gradients }: HistogramsEvent): LoggedValue[] {
  return Object.entries({ weights, gradients }).flatMap(([group, histograms]) =>
    Object.entries(histograms).map(([name, histogram]) => ({
      kind: "histogram" as const,
      tag: `${group}/${name}`,
      histogram,
    })),
  );
}
