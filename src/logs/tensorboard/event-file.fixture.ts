/** A reader of TensorBoard's event files, for tests: every message as what it says. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { statSync } from "node:fs";
import { readTfRecords } from "../../dataset-tools/tfrecord/records.js";
import { eventFiles } from "./tensorboard-log.js";

type Fields = Map<number, (number | Uint8Array)[]>;

interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly version: string | null;
  /** Of a session; 1 is its start. */
  readonly session: number | null;
  readonly values: readonly ReadValue[];
}

interface ReadValue {
  readonly tag: string;
  readonly scalar?: number;
  readonly image?: { readonly width: number; readonly height: number; readonly png: Uint8Array };
  readonly histogram?: {
    readonly min: number;
    readonly max: number;
    readonly number: number;
    readonly limits: number[];
    readonly counts: number[];
  };
}

/** Of all event files in a folder, in order. */
export function readEvents(folder: string): ReadEvent[] {
  const files = eventFiles(folder).filter((path) => statSync(path).size > 0);
  return files.flatMap((path) =>
    Array.from(readTfRecords(path), ({ data }) => parseEvent(Uint8Array.from(data))),
  );
}

/** [step, value] of each scalar, by its tag. */
export function readScalars(folder: string): Map<string, [number, number][]> {
  const found = new Map<string, [number, number][]>();
  for (const { step, values } of readEvents(folder))
    for (const { tag, scalar } of values)
      if (scalar !== undefined) found.set(tag, [...(found.get(tag) ?? []), [step, scalar]]);
  return found;
}

function parseEvent(data: Uint8Array): ReadEvent {
  const fields = parse(data);
  const version = bytes(fields, 3);
  const session = bytes(fields, 7);
  const summary = bytes(fields, 5);
  return {
    wallTime: number(fields, 1),
    step: number(fields, 2),
    version: version ? new TextDecoder().decode(version) : null,
    session: session ? number(parse(session), 1) : null,
    values: summary ? (parse(summary).get(1) ?? []).map((value) => parseValue(value as Uint8Array)) : [],
  };
}

function parseValue(data: Uint8Array): ReadValue {
  const fields = parse(data, [2]);
  const tag = new TextDecoder().decode(bytes(fields, 1));
  const [image, histogram] = [bytes(fields, 4), bytes(fields, 5)];
  if (fields.has(2)) return { tag, scalar: number(fields, 2) };
  if (image) {
    const inner = parse(image);
    return { tag, image: { height: number(inner, 1), width: number(inner, 2), png: bytes(inner, 4)! } };
  }
  if (!histogram) return { tag };
  const inner = parse(histogram);
  const [min, max, count] = [1, 2, 3].map((field) => number(inner, field));
  const doubles = (field: number): number[] => [...new Float64Array(bytes(inner, field)!.slice().buffer)];
  return { tag, histogram: { min: min!, max: max!, number: count!, limits: doubles(6), counts: doubles(7) } };
}

function parse(data: Uint8Array, floats: readonly number[] = []): Fields {
  const reader = new BinaryReader(data);
  const fields: Fields = new Map();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const value = read(reader, type, floats.includes(field));
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

function read(reader: BinaryReader, type: WireType, float: boolean): number | Uint8Array {
  switch (type) {
    case WireType.Varint:
      return Number(reader.int64());
    case WireType.Bit64:
      return reader.double();
    case WireType.Bit32:
      return float ? reader.float() : reader.fixed32();
    case WireType.LengthDelimited:
      return reader.bytes();
    default:
      throw new Error(`unexpected wire type ${type}`);
  }
}

function number(fields: Fields, field: number): number {
  return Number(fields.get(field)?.[0] ?? 0);
}

function bytes(fields: Fields, field: number): Uint8Array | undefined {
  return fields.get(field)?.[0] as Uint8Array | undefined;
}
