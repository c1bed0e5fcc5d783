import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Histogram } from "../../runs/events.js";

/**
 * TensorBoard's messages, as tensorboard/compat/proto/event.proto and summary.proto have them; only the fields that are
 * used.
 */
export type LoggedValue =
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
export interface Moment {
  readonly time: string;
  readonly step: number;
}

/** What every event file begins with. Event.file_version = 3 */
export function versionEvent(time: string): Uint8Array {
  return event({ time, step: 0 }, (writer) =>
    writer.tag(3, WireType.LengthDelimited).string("brain.Event:2"),
  );
}

/**
 * Marks what was logged from this step on as no longer valid: Event { SessionLog session_log = 7 }, SessionLog {
 * SessionStatus status = 1 (START = 1) }.
 */
export function restartEvent(moment: Moment): Uint8Array {
  return event(moment, (writer) => message(writer, 7, (log) => log.tag(1, WireType.Varint).int32(1)));
}

/** Event { Summary summary = 5 }, Summary { repeated Value value = 1 } */
export function summaryEvent(moment: Moment, values: readonly LoggedValue[]): Uint8Array {
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
