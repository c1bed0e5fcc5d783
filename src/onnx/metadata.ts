/** What a model file says of itself: everything that is needed to use it without the run that it is from. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { z } from "zod";
import { perChannel } from "../recipes/numbers.js";
import { Transform } from "../recipes/transform-schema.js";
import { ModelError } from "../support/errors.js";
import { objectIn } from "../support/json.js";
import { standInOf, standInText } from "../support/stand-in.js";

/** ModelProto's producer_name in the files that longtail writes. */
export const PRODUCER = "longtail";
/** Key of the only metadata property. */
export const METADATA_KEY = "longtail";
/** Name of a graph's output with what the classifiers see, float32 [N, features of all experts]. */
export const FEATURES = "features";

const percent = z.number().min(0).max(100);
const positive = z.number().positive();

const TemperatureSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("global"), temperature: positive }),
  z.object({
    kind: z.literal("group"),
    temperatures: z.object({ many: positive, medium: positive, few: positive }),
  }),
  z.object({ kind: z.literal("expert"), temperatures: z.array(positive).min(1) }),
]);

const MetadataSchema = z.object({
  version: z.literal(1),
  /** Names of the classes, in the order of the outputs. */
  classes: z.array(z.string()).min(1),
  /** Number of training images of each class. */
  trainImages: z.array(z.int().min(0)),
  /** Group of each class, by its number of training images. */
  groups: z.array(z.enum(["many", "medium", "few"])),
  /** `tensor`: float32 [N, 3, S, S], normalized; `pixels`: uint8 [N, H, W, 3], of any size. */
  input: z.enum(["tensor", "pixels"]),
  /** What makes an image the network's input; with `pixels` the graph does it. */
  preprocessing: z.object({
    transforms: z.array(Transform),
    imageSize: z.int().positive(),
    mean: perChannel,
    std: perChannel,
  }),
  /** Type of the weights: int8 ones are multiplied by quantized activations. */
  precision: z.enum(["float32", "float16", "int8"]),
  /** By what the logits are divided; null for raw logits. */
  temperature: TemperatureSchema.nullable(),
  /** Class frequencies, in proportion, that the outputs stand for; null where nothing was adjusted. */
  prior: z.object({ name: z.string(), shares: z.array(z.number().min(0)) }).nullable(),
  /** Sentence for people on the class frequencies that the raw logits stand for. */
  logitPrior: z.string(),
  recipe: z.object({
    name: z.string(),
    /** SHA-256 of the recipe as JSON with its keys in order. */
    hash: z.string(),
    backbone: z.string(),
    classifier: z.string(),
    method: z.string(),
    experts: z.int().positive(),
  }),
  /** Published weights that the training started from. */
  weights: z
    .object({ name: z.string(), license: z.string(), homepage: z.string(), trainedOn: z.string() })
    .nullable(),
  /** Accuracy on the test images, in percent, of the run's network; null for a group without images. */
  accuracy: z
    .object({
      images: z.int().positive(),
      all: percent,
      many: percent.nullable(),
      medium: percent.nullable(),
      few: percent.nullable(),
    })
    .nullable(),
});

/**
 * What a model file says of itself: classes, preprocessing, what was done to the logits, and where it is from.
 *
 * @example
 * const { classes, accuracy, recipe }: ModelMetadata = model.metadata;
 */
export type ModelMetadata = Readonly<z.output<typeof MetadataSchema>>;

/** The parts of a model file that come before and after its graph. */
interface ModelHeader {
  readonly irVersion: number;
  readonly producer: string;
  readonly hasGraph: boolean;
  readonly properties: ReadonlyMap<string, string>;
}

/**
 * What a model file of longtail says of itself. The weights are skipped, not read.
 *
 * @param where the file's name, for messages.
 * @throws ModelError for a file that is no ONNX, of another program, or of a version that is not known.
 */
export function readModelMetadata(bytes: Uint8Array, where: string): ModelMetadata {
  const header = readHeader(bytes, where);
  const text = header.properties.get(METADATA_KEY);
  if (header.producer !== PRODUCER || text === undefined) {
    const producer = header.producer === "" ? "a program that does not say its name" : header.producer;
    throw new ModelError(
      `${where}: expected a model that longtail export wrote, which says its classes and how images are prepared, found one ` +
        `of ${producer}. Export the run with longtail export RUN --format onnx.`,
    );
  }
  const parsed = MetadataSchema.safeParse(objectIn(text));
  if (parsed.success) return checkedLengths(parsed.data, where);
  const [issue] = parsed.error.issues;
  throw new ModelError(
    `${where}: expected the description of a model, version 1, in the metadata property ${METADATA_KEY}, found a fault at ` +
      `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}. Export the run again with this version of longtail.`,
  );
}

function checkedLengths(metadata: ModelMetadata, where: string): ModelMetadata {
  const { classes, trainImages, groups, prior } = metadata;
  const lists = { trainImages, groups, ...(prior === null ? {} : { "prior.shares": prior.shares }) };
  for (const [name, list] of Object.entries(lists))
    if (list.length !== classes.length)
      throw new ModelError(
        `${where}: expected ${classes.length} entries in ${name}, one for each class, found ${list.length}.`,
      );
  return metadata;
}

function readHeader(bytes: Uint8Array, where: string): ModelHeader {
  try {
    const header = parseHeader(new BinaryReader(bytes));
    if (header.irVersion > 0 && header.hasGraph) return header;
  } catch {
    // Bytes that are no protocol buffer: said below.
  }
  throw new ModelError(`${where}: expected an ONNX model, found ${contentOf(bytes)}.`);
}

/** Fields of ModelProto, by their numbers in ONNX's schema. */
function parseHeader(reader: BinaryReader): ModelHeader {
  let [irVersion, producer, hasGraph] = [0, "", false];
  const properties = new Map<string, string>();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.Varint) irVersion = Number(reader.int64());
    else if (field === 2 && type === WireType.LengthDelimited) producer = reader.string();
    else if (field === 14 && type === WireType.LengthDelimited) {
      const [key, value] = readProperty(reader);
      properties.set(key, value);
    } else {
      hasGraph ||= field === 7 && type === WireType.LengthDelimited;
      reader.skip(type);
    }
  }
  return { irVersion, producer, hasGraph, properties };
}

function readProperty(reader: BinaryReader): [string, string] {
  const entry = new BinaryReader(reader.bytes());
  const found = ["", ""];
  while (entry.pos < entry.len) {
    const [field, type] = entry.tag();
    if (field === 1 || field === 2) found[field - 1] = entry.string();
    else entry.skip(type);
  }
  return [found[0]!, found[1]!];
}

function contentOf(bytes: Uint8Array): string {
  const standIn = standInOf(bytes);
  if (standIn !== undefined) return standInText(standIn);
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 8));
  if (start.startsWith("PK")) return "a zip archive (PyTorch's .pth is one)";
  if (/^[\t\n\r\x20-\x7e]+$/.test(start)) return `text that begins with ${JSON.stringify(start)}`;
  return "something else, or a file that is cut off";
}
