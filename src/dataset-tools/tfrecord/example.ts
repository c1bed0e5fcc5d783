import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A feature of a tf.train.Example: a list of one of three types. */
export type Feature =
  | { readonly kind: "bytes"; readonly values: readonly Uint8Array[] }
  | { readonly kind: "float"; readonly values: readonly number[] }
  | { readonly kind: "int64"; readonly values: readonly number[] };

export type Example = ReadonlyMap<string, Feature>;

/**
 * Reads a serialized tf.train.Example (tensorflow/core/example/example.proto). Byte values are views of `data`.
 * Whole numbers beyond 2^53 are rounded.
 *
 * @throws Error when the bytes are no Example: no protocol buffer, or one with other fields.
 */
export function parseExample(data: Uint8Array): Example {
  const features = new Map<string, Feature>();
  // Example { Features features = 1 }; Features { map<string, Feature> feature = 1 }
  eachField(data, (outer) => {
    const message = outer.only(1);
    eachField(message, (inner) => {
      const [name, feature] = parseEntry(inner.only(1));
      features.set(name, feature);
    });
  });
  return features;
}

/** One field of a message; its value must be taken. */
class Field {
  readonly #reader: BinaryReader;

  constructor(
    reader: BinaryReader,
    readonly number: number,
    readonly wireType: WireType,
  ) {
    this.#reader = reader;
  }

  /** The bytes of a field that must have this number. */
  only(number: number): Uint8Array {
    if (this.number !== number) throw new Error(`expected field ${number}, found ${this.number}`);
    return this.bytes();
  }

  bytes(): Uint8Array {
    if (this.wireType !== WireType.LengthDelimited)
      throw new Error(`expected field ${this.number} to have a length, found wire type ${this.wireType}`);
    return this.#reader.bytes();
  }
}

function eachField(data: Uint8Array, visit: (field: Field) => void): void {
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    visit(new Field(reader, number, wireType));
  }
}

/** An entry of the map: string key = 1, Feature value = 2. */
function parseEntry(data: Uint8Array): [string, Feature] {
  let name = "";
  let feature: Feature = { kind: "bytes", values: [] };
  eachField(data, (field) => {
    if (field.number === 1) name = new TextDecoder().decode(field.bytes());
    else feature = parseFeature(field.only(2));
  });
  return [name, feature];
}

/** Feature { oneof { BytesList bytes_list = 1; FloatList float_list = 2; Int64List int64_list = 3 } } */
function parseFeature(data: Uint8Array): Feature {
  let feature: Feature = { kind: "bytes", values: [] };
  eachField(data, (field) => {
    const list = field.bytes();
    if (field.number === 1) feature = { kind: "bytes", values: bytesList(list) };
    else if (field.number === 2) feature = { kind: "float", values: numberList(list, (r) => r.float()) };
    else if (field.number === 3)
      feature = { kind: "int64", values: numberList(list, (r) => Number(r.int64())) };
    else throw new Error(`expected field 1, 2 or 3 of a feature, found ${field.number}`);
  });
  return feature;
}

/** BytesList { repeated bytes value = 1 } */
function bytesList(data: Uint8Array): Uint8Array[] {
  const values: Uint8Array[] = [];
  eachField(data, (field) => values.push(field.only(1)));
  return values;
}

/** FloatList and Int64List { repeated … value = 1 [packed] }; writers may leave numbers unpacked. */
function numberList(data: Uint8Array, next: (reader: BinaryReader) => number): number[] {
  const values: number[] = [];
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number !== 1) throw new Error(`expected field 1 of a list, found ${number}`);
    const end = wireType === WireType.LengthDelimited ? reader.uint32() + reader.pos : reader.pos + 1;
    if (end > reader.len) throw new RangeError("premature EOF");
    while (reader.pos < end) values.push(next(reader));
  }
  return values;
}
