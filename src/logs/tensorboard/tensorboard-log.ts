import { maxOf } from "../../support/math.js";
import { existsSync, readFileSync, rmSync, statSync, truncateSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { tfRecord } from "../../support/tfrecord-frame.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { AppendFile } from "../../support/append-file.js";
import { writeFileAtomic } from "../../support/atomic-file.js";
import type { HistogramsEvent, ImagesEvent, RunEvent, TrainingEvent, Histogram } from "../../runs/events.js";
import { toldEvents } from "../../runs/metrics.js";
import type { RunFolder } from "../../runs/run-folder.js";
import type { Log } from "../log.js";
import { type Scalar, ScalarStream } from "../scalars.js";
import { hostname } from "node:os";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

const NAME = /^events\.out\.tfevents\.(\d+)\./;

/** The event files in a folder. */
export function eventFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * A new event file's path, by the names that TensorBoard knows. It reads a folder's files in the order of their names, so
 * the seconds in the name come after those of the files that are there, whatever the clock says.
 */
export function newEventFile(folder: string, now: number = Date.now()): string {
  const seconds = readdirSync(folder).map((name) => Number(NAME.exec(name)?.[1] ?? 0));
  const latest = Math.max(0, maxOf(seconds));
  const own = Math.max(Math.floor(now / 1000), latest + 1);
  return join(folder, `events.out.tfevents.${String(own).padStart(10, "0")}.${hostname()}.${process.pid}.0`);
}

/**
 * Writes a run's events to an event file for TensorBoard, in the run's folder. A resumed run gets a new file, which
 * begins with all that metrics.jsonl still holds, and the old one is emptied: so no step is in the folder twice, and a
 * TensorBoard that is looking on drops what it knew.
 */
export class TensorBoardLog implements Log {
  readonly #folder: RunFolder;
  readonly #scalars: ScalarStream;
  #file: AppendFile | undefined;

  constructor(folder: RunFolder, options: Pick<ResolvedRecipe["logs"], "everySteps">) {
    this.#folder = folder;
    this.#scalars = new ScalarStream(options);
  }

  handle(event: TrainingEvent): void {
    if (event.type === "run") this.#begin(event);
    for (const record of this.#records(event)) this.#file?.add(record);
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }

  #begin(run: RunEvent): void {
    this.#scalars.at(run);
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
    const { time } = event;
    const reported = this.#scalars.at(event);
    if (reported !== null) yield record({ time, step: reported.step }, scalarValues(reported.scalars));
    else if (event.type === "images") yield* this.#picture(event);
    else if (event.type === "histograms")
      yield record({ time, step: this.#scalars.lastStepOf(event.epoch) }, histogramValues(event));
  }

  *#picture({ file, width, height, time, step }: ImagesEvent): Generator<Uint8Array> {
    const path = join(this.#folder.path, file);
    if (!existsSync(path)) return; // written by an earlier process, and removed since
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

function scalarValues(scalars: readonly Scalar[]): LoggedValue[] {
  return scalars.map(([tag, value]) => ({ kind: "scalar", tag, value }));
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

/**
 * TensorBoard's messages, as tensorboard/compat/proto/event.proto and summary.proto have them; only the fields that are
 * used.
 */
type LoggedValue =
  | { readonly kind: "scalar"; readonly tag: string; readonly value: number }
  | { readonly kind: "histogram"; readonly tag: string; readonly histogram: Histogram }
  | {
      readonly kind: "image";
      readonly tag: string;
      readonly png: Uint8Array;
      readonly width: number;
      readonly height: number;
    };

/** When something was said: ISO 8601, and steps of the whole training from 1. */
interface Moment {
  readonly time: string;
  readonly step: number;
}

/** What every event file begins with. Event.file_version = 3 */
function versionEvent(time: string): Uint8Array {
  return event({ time, step: 0 }, (writer) =>
    writer.tag(3, WireType.LengthDelimited).string("brain.Event:2"),
  );
}

/**
 * Marks what was logged from this step on as no longer valid: Event { SessionLog session_log = 7 }, SessionLog {
 * SessionStatus status = 1 (START = 1) }.
 */
function restartEvent(moment: Moment): Uint8Array {
  return event(moment, (writer) => message(writer, 7, (log) => log.tag(1, WireType.Varint).int32(1)));
}

/** Event { Summary summary = 5 }, Summary { repeated Value value = 1 } */
function summaryEvent(moment: Moment, values: readonly LoggedValue[]): Uint8Array {
  return event(moment, (writer) =>
    message(writer, 5, (summary) => {
      for (const value of values) message(summary, 1, (inner) => writeValue(inner, value));
    }),
  );
}

/** Event { double wall_time = 1; int64 step = 2 } */
function event({ time, step }: Moment, what: (writer: BinaryWriter) => unknown): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Bit64).double(Date.parse(time) / 1000);
  writer.tag(2, WireType.Varint).int64(step);
  what(writer);
  return writer.finish();
}

/** Value { string tag = 1; oneof { float simple_value = 2; Image image = 4; HistogramProto histo = 5 } } */
function writeValue(writer: BinaryWriter, value: LoggedValue): void {
  writer.tag(1, WireType.LengthDelimited).string(value.tag);
  switch (value.kind) {
    case "scalar":
      writer.tag(2, WireType.Bit32).float(value.value);
      break;
    case "image":
      message(writer, 4, (image) => writeImage(image, value));
      break;
    case "histogram":
      message(writer, 5, (histogram) => writeHistogram(histogram, value.histogram));
      break;
    default:
      value satisfies never;
  }
}

/** Image { int32 height = 1, width = 2, colorspace = 3 (3: RGB); bytes encoded_image_string = 4 } */
function writeImage(
  writer: BinaryWriter,
  { png, width, height }: { png: Uint8Array; width: number; height: number },
): void {
  [height, width, 3].forEach((number, i) => writer.tag(i + 1, WireType.Varint).int32(number));
  writer.tag(4, WireType.LengthDelimited).bytes(png);
}

/** HistogramProto { double min = 1, max = 2, num = 3, sum = 4, sum_squares = 5; repeated double bucket_limit = 6, bucket = 7 } */
function writeHistogram(writer: BinaryWriter, { min, max, counts, sum, sumOfSquares }: Histogram): void {
  const number = counts.reduce((total, count) => total + count, 0);
  [min, max, number, sum, sumOfSquares].forEach((value, i) =>
    writer.tag(i + 1, WireType.Bit64).double(value),
  );
  const limits = counts.map((_, i) => min + ((i + 1) * (max - min)) / counts.length);
  for (const [field, values] of [
    [6, limits],
    [7, counts],
  ] as const)
    message(writer, field, (packed) => {
      for (const value of values) packed.double(value);
    });
}

function message(writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => unknown): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}
