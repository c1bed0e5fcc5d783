/**
 * The bytes of an ONNX model. Messages, field numbers and types are those of onnx.proto (ONNX, Apache-2.0); only the fields
 * that are used.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Attribute, ElementType, Graph, GraphNode, Initializer, Port } from "./graph.js";

/** The operators' version: the first whose Resize filters when it makes an image smaller. */
export const OPSET = 18;
/** The file format's version that came with that opset. */
const IR_VERSION = 8;

/** What a model file holds besides its graph. */
export interface ModelFileOptions {
  readonly producer: string;
  readonly producerVersion: string;
  /** Sentence for people. */
  readonly description: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** TensorProto.DataType */
export const DATA_TYPES: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

/** TensorProto.DataType of an element type, as operators such as Cast take it. */
export function dataType(type: ElementType): bigint {
  return BigInt(DATA_TYPES[type]);
}

/** The bytes of a model file, in parts that follow each other. ModelProto */
export function modelFile(graph: Graph, options: ModelFileOptions): Uint8Array[] {
  const head = new BinaryWriter();
  head.tag(1, WireType.Varint).int64(IR_VERSION);
  text(head, 2, options.producer);
  text(head, 3, options.producerVersion);
  head.tag(5, WireType.Varint).int64(1);
  text(head, 6, options.description);
  message(head, 8, (opset) => opset.tag(2, WireType.Varint).int64(OPSET));
  for (const [key, value] of Object.entries(options.properties))
    message(head, 14, (entry) => {
      text(entry, 1, key);
      text(entry, 2, value);
    });
  const parts = graphParts(graph);
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  head.tag(7, WireType.LengthDelimited).uint32(bytes);
  return [head.finish(), ...parts];
}

/** GraphProto { node = 1; name = 2; initializer = 5; input = 11; output = 12 }; weights are not copied. */
function graphParts({ nodes, initializers, inputs, outputs }: Graph): Uint8Array[] {
  const writer = new BinaryWriter();
  for (const node of nodes) message(writer, 1, (inner) => writeNode(inner, node));
  text(writer, 2, "network");
  for (const port of inputs) message(writer, 11, (inner) => writePort(inner, port));
  for (const port of outputs) message(writer, 12, (inner) => writePort(inner, port));
  return [writer.finish(), ...initializers.flatMap(initializerParts)];
}

/** NodeProto { input = 1; output = 2; name = 3; op_type = 4; attribute = 5 } */
function writeNode(writer: BinaryWriter, { operator, name, inputs, outputs, attributes }: GraphNode): void {
  for (const input of inputs) text(writer, 1, input);
  for (const output of outputs) text(writer, 2, output);
  text(writer, 3, name);
  text(writer, 4, operator);
  for (const [key, value] of Object.entries(attributes))
    message(writer, 5, (inner) => writeAttribute(inner, key, value));
}

/** AttributeProto { name = 1; f = 2; i = 3; s = 4; floats = 7; ints = 8; type = 20 } */
function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  text(writer, 1, name);
  const ofType = (type: number): BinaryWriter => writer.tag(20, WireType.Varint).int32(type);
  if (typeof value === "number") ofType(1).tag(2, WireType.Bit32).float(value);
  else if (typeof value === "bigint") ofType(2).tag(3, WireType.Varint).int64(value);
  else if (typeof value === "string") text(ofType(3), 4, value);
  else if (isIntegers(value)) {
    ofType(7);
    for (const each of value) writer.tag(8, WireType.Varint).int64(each);
  } else {
    ofType(6);
    for (const each of value) writer.tag(7, WireType.Bit32).float(each);
  }
}

function isIntegers(values: readonly number[] | readonly bigint[]): values is readonly bigint[] {
  return typeof values[0] === "bigint";
}

/** ValueInfoProto { name = 1; type = 2 }, TypeProto { tensor_type = 1 { elem_type = 1; shape = 2 { dim = 1 } } } */
function writePort(writer: BinaryWriter, { name, type, shape }: Port): void {
  text(writer, 1, name);
  message(writer, 2, (ofType) =>
    message(ofType, 1, (tensor) => {
      tensor.tag(1, WireType.Varint).int32(DATA_TYPES[type]);
      message(tensor, 2, (axes) => {
        for (const axis of shape)
          message(axes, 1, (inner) =>
            typeof axis === "number" ? inner.tag(1, WireType.Varint).int64(axis) : text(inner, 2, axis),
          );
      });
    }),
  );
}

/** initializer = 5: TensorProto { dims = 1; data_type = 2; name = 8; raw_data = 9 } */
function initializerParts({ name, type, shape, data }: Initializer): Uint8Array[] {
  const tensor = new BinaryWriter();
  for (const axis of shape) tensor.tag(1, WireType.Varint).int64(axis);
  tensor.tag(2, WireType.Varint).int32(DATA_TYPES[type]);
  text(tensor, 8, name);
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  tensor.tag(9, WireType.LengthDelimited).uint32(raw.length);
  const head = tensor.finish();
  const tag = new BinaryWriter().tag(5, WireType.LengthDelimited).uint32(head.length + raw.length);
  return [tag.finish(), head, raw];
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function message(writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => unknown): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}
