/** A writer of TFRecord files with tf.train.Examples, for tests. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { tfRecord } from "../../support/tfrecord-frame.js";

type Value = Uint8Array | string | number | readonly number[] | { readonly floats: readonly number[] };

/** Records with their frames. */
export function frames(...records: readonly Uint8Array[]): Buffer {
  return Buffer.concat(records.map(tfRecord));
}

/** A serialized tf.train.Example. Numbers become int64 lists, texts and bytes become bytes lists. */
export function example(features: Record<string, Value>, { packed = true } = {}): Uint8Array {
  const map = new BinaryWriter();
  for (const [name, value] of Object.entries(features)) {
    const entry = new BinaryWriter();
    entry.tag(1, WireType.LengthDelimited).string(name);
    entry.tag(2, WireType.LengthDelimited).bytes(feature(value, packed));
    map.tag(1, WireType.LengthDelimited).bytes(entry.finish());
  }
  return new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(map.finish()).finish();
}

function feature(value: Value, packed: boolean): Uint8Array {
  const list = (number: number, content: BinaryWriter): Uint8Array =>
    new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content.finish()).finish();
  if (typeof value === "string" || value instanceof Uint8Array) {
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    return list(1, new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(bytes));
  }
  if (typeof value === "object" && "floats" in value) {
    return list(
      2,
      numbers(value.floats, packed, WireType.Bit32, (writer, n) => writer.float(n)),
    );
  }
  const whole = typeof value === "number" ? [value] : value;
  return list(
    3,
    numbers(whole, packed, WireType.Varint, (writer, n) => writer.int64(n)),
  );
}

function numbers(
  values: readonly number[],
  packed: boolean,
  wireType: WireType,
  write: (writer: BinaryWriter, value: number) => BinaryWriter,
): BinaryWriter {
  const writer = new BinaryWriter();
  if (packed) {
    const content = new BinaryWriter();
    for (const value of values) write(content, value);
    return writer.tag(1, WireType.LengthDelimited).bytes(content.finish());
  }
  for (const value of values) write(writer.tag(1, wireType), value);
  return writer;
}
