/** The graph of a model's bytes: what model-file.ts wrote. Other fields of ONNX's schema are skipped. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Attribute, Elements, ElementType, Graph, GraphNode, Initializer, Port } from "./graph.js";
import { DATA_TYPES, OPSET } from "./model-file.js";

/** What reads one field of a message. */
type Field = (reader: BinaryReader, type: WireType) => void;

const UNKNOWN = "a value that longtail does not write";

const TYPES = new Map(Object.entries(DATA_TYPES).map(([name, number]) => [number, name as ElementType]));

/**
 * The graph; weights are copied when they are looked at. Null where it holds what the graphs of longtail do not: other versions of
 * the operators, nodes with graphs in them, values beside the file or in another form than raw bytes.
 */
export function readGraph(bytes: Uint8Array): Graph | null {
  try {
    let graph: Graph | null = null;
    readMessage(bytes, {
      7: (reader) => (graph = graphOf(reader.bytes())),
      8: (reader) => checkOperators(reader.bytes()),
    });
    return graph;
  } catch {
    return null; // ONNX Runtime, which reads all of ONNX, says what is wrong with it
  }
}

/** Calls the reader of each field that has one. */
function readMessage(bytes: Uint8Array, fields: Readonly<Record<number, Field>>): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const read = fields[number];
    if (read === undefined) reader.skip(type);
    else read(reader, type);
  }
}

/** OperatorSetIdProto { domain = 1; version = 2 } */
function checkOperators(bytes: Uint8Array): void {
  let [domain, version] = ["", 0];
  readMessage(bytes, {
    1: (reader) => (domain = reader.string()),
    2: (reader) => (version = Number(reader.int64())),
  });
  if (domain !== "" || version !== OPSET) throw new Error(UNKNOWN);
}

/** GraphProto { node = 1; initializer = 5; input = 11; output = 12 } */
function graphOf(bytes: Uint8Array): Graph {
  const [nodes, initializers, inputs, outputs]: [GraphNode[], Initializer[], Port[], Port[]] = [
    [],
    [],
    [],
    [],
  ];
  readMessage(bytes, {
    1: (reader) => nodes.push(nodeOf(reader.bytes())),
    5: (reader) => initializers.push(initializerOf(reader.bytes())),
    11: (reader) => inputs.push(portOf(reader.bytes())),
    12: (reader) => outputs.push(portOf(reader.bytes())),
  });
  return { nodes, initializers, inputs, outputs };
}

/** NodeProto { input = 1; output = 2; name = 3; op_type = 4; attribute = 5 } */
function nodeOf(bytes: Uint8Array): GraphNode {
  let [operator, name] = ["", ""];
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes: Record<string, Attribute> = {};
  readMessage(bytes, {
    1: (reader) => inputs.push(reader.string()),
    2: (reader) => outputs.push(reader.string()),
    3: (reader) => (name = reader.string()),
    4: (reader) => (operator = reader.string()),
    5: (reader) => {
      const [key, value] = attributeOf(reader.bytes());
      attributes[key] = value;
    },
  });
  return { operator, name, inputs, outputs, attributes };
}

/** AttributeProto { name = 1; f = 2; i = 3; s = 4; floats = 7; ints = 8; type = 20 }; the values' keys are its AttributeType's */
function attributeOf(bytes: Uint8Array): [string, Attribute] {
  let [name, kind, float, integer, text] = ["", 0, 0, 0n, ""];
  const [floats, integers]: [number[], bigint[]] = [[], []];
  readMessage(bytes, {
    1: (reader) => (name = reader.string()),
    2: (reader) => (float = reader.float()),
    3: (reader) => (integer = BigInt(reader.int64())),
    4: (reader) => (text = reader.string()),
    7: repeated((reader) => floats.push(reader.float())),
    8: repeated((reader) => integers.push(BigInt(reader.int64()))),
    20: (reader) => (kind = reader.int32()),
  });
  const values = new Map<number, Attribute>([
    [1, float],
    [2, integer],
    [3, text],
    [6, floats],
    [7, integers],
  ]);
  return [name, known(values.get(kind))];
}

/** A field that may come once for each value, or once with all of them. */
function repeated(read: (reader: BinaryReader) => unknown): Field {
  return (reader, type) => {
    if (type !== WireType.LengthDelimited) {
      read(reader);
      return;
    }
    const packed = new BinaryReader(reader.bytes());
    while (packed.pos < packed.len) read(packed);
  };
}

/** ValueInfoProto { name = 1; type = 2 }, TypeProto { tensor_type = 1 { elem_type = 1; shape = 2 { dim = 1 } } } */
function portOf(bytes: Uint8Array): Port {
  let [name, type] = ["", 0];
  const shape: (number | string)[] = [];
  const axisOf = (axis: Uint8Array): void => {
    let length: number | string = "";
    readMessage(axis, {
      1: (reader) => (length = Number(reader.int64())),
      2: (reader) => (length = reader.string()),
    });
    shape.push(length);
  };
  const readShape: Field = (reader) => readMessage(reader.bytes(), { 1: (axes) => axisOf(axes.bytes()) });
  const readTensor: Field = (reader) =>
    readMessage(reader.bytes(), { 1: (inner) => (type = inner.int32()), 2: readShape });
  readMessage(bytes, {
    1: (reader) => (name = reader.string()),
    2: (reader) => readMessage(reader.bytes(), { 1: readTensor }),
  });
  return { name, type: known(TYPES.get(type)), shape };
}

/** TensorProto { dims = 1; data_type = 2; name = 8; raw_data = 9 } */
function initializerOf(bytes: Uint8Array): Initializer {
  let [name, number] = ["", 0];
  let raw: Uint8Array | undefined;
  const shape: number[] = [];
  readMessage(bytes, {
    1: repeated((reader) => shape.push(Number(reader.int64()))),
    2: (reader) => (number = reader.int32()),
    8: (reader) => (name = reader.string()),
    9: (reader) => (raw = reader.bytes()),
  });
  const type = known(TYPES.get(number));
  const length = shape.reduce((product, axis) => product * axis, 1) * ELEMENTS[type].BYTES_PER_ELEMENT;
  return new StoredInitializer({ name, type, shape }, known(raw?.length === length ? raw : undefined));
}

const ELEMENTS = {
  float32: Float32Array,
  float16: Uint16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Readonly<Record<ElementType, unknown>>;

/** Weights as they lie in the file. */
class StoredInitializer implements Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly #raw: Uint8Array;

  constructor({ name, type, shape }: Omit<Initializer, "data">, raw: Uint8Array) {
    this.name = name;
    this.type = type;
    this.shape = shape;
    this.#raw = raw;
  }

  get data(): Elements {
    return new ELEMENTS[this.type](new Uint8Array(this.#raw).buffer); // a copy, where every type can lie
  }
}

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error(UNKNOWN);
  return value;
}
