import { DataError } from "../../support/errors.js";
import { formatOf } from "../../data/formats/reading/content.js";
import { toRgb } from "../convert/converted-images.js";
import type { LabeledImage } from "../convert/image-writer.js";
import type { RgbImage } from "../../data/vision.js";
import type { Example, Feature } from "./example.js";

/** How the pixels of raw images lie in their bytes; null is found out. */
export interface ImageOptions {
  /** Names of features; null: by their usual names, else the only one that it can be. */
  readonly imageFeature: string | null;
  readonly labelFeature: string | null;
  /** "cifar": a plane a color, each row by row. "interleaved": the colors of a pixel side by side. */
  readonly layout: "cifar" | "interleaved" | null;
  readonly channels: "rgb" | "bgr";
  /** [height, width], where no features say it. */
  readonly size: readonly [number, number] | null;
}

const IMAGE_NAMES = ["image/encoded", "image", "image_raw", "image/raw", "img", "images"];
const LABEL_NAMES = ["image/class/label", "label", "labels", "class", "target", "category_id"];
const HEIGHT_NAMES = ["height", "image/height", "rows"];
const WIDTH_NAMES = ["width", "image/width", "cols"];
const DEPTH_NAMES = ["depth", "image/depth", "channels", "image/channels"];
const CIFAR_SIDE = 32;

/**
 * The labeled image of a record. An image file (JPEG, PNG, WebP) is taken as it is. Raw bytes are of the size that
 * features named height and width say, by default with interleaved colors; 3072 bytes without them are CIFAR's: 32 x 32,
 * a plane a color (Cui et al.'s CIFAR-LT).
 *
 * @param where names the file and the record, for errors.
 * @throws DataError when features are missing or the sizes do not fit; it lists what the record holds.
 */
export function recordImage(example: Example, options: ImageOptions, where: string): LabeledImage {
  const fail = (expected: string): never => {
    throw new DataError(`${where}: expected ${expected}; found ${describeFeatures(example)}.`);
  };
  const image =
    pick(example, bytesOf, { given: options.imageFeature, usual: IMAGE_NAMES }) ??
    fail(
      `${featureText("an image", options.imageFeature, IMAGE_NAMES)} of one bytes value (--image-feature names it)`,
    );
  const label =
    pick(example, numberOf, { given: options.labelFeature, usual: LABEL_NAMES, not: SIZE_NAMES }) ??
    fail(
      `${featureText("a label", options.labelFeature, LABEL_NAMES)} of one int64 value (--label-feature names it)`,
    );
  const extension = formatOf(image)?.extensions[0];
  const [height, width] = [HEIGHT_NAMES, WIDTH_NAMES].map((names) => firstNumber(example, names));
  if (extension !== undefined) return { label, content: { bytes: image, extension, height, width } };
  const size = options.size ?? [height, width];
  return {
    label,
    content: rawImage(image, { size, depth: firstNumber(example, DEPTH_NAMES), options, fail }),
  };
}

function firstNumber(example: Example, names: readonly string[]): number | undefined {
  return names.map((name) => numberOf(example.get(name))).find((value) => value !== undefined);
}

const SIZE_NAMES = [...HEIGHT_NAMES, ...WIDTH_NAMES, ...DEPTH_NAMES];

/** A feature's value, when the feature is one value of that kind. */
type Value<T> = (feature: Feature | undefined) => T | undefined;

const bytesOf: Value<Uint8Array> = (feature) =>
  feature?.kind === "bytes" && feature.values.length === 1 ? feature.values[0] : undefined;
const numberOf: Value<number> = (feature) =>
  feature?.kind === "int64" && feature.values.length === 1 ? feature.values[0] : undefined;

/** The value of the feature of that name; else of the first usual name; else of the only feature that has such a value. */
function pick<T>(
  example: Example,
  value: Value<T>,
  { given, usual, not = [] }: { given: string | null; usual: readonly string[]; not?: readonly string[] },
): T | undefined {
  if (given !== null) return value(example.get(given));
  const known = usual.find((name) => value(example.get(name)) !== undefined);
  if (known !== undefined) return value(example.get(known));
  const possible = [...example].filter(
    ([name, feature]) => value(feature) !== undefined && !not.includes(name),
  );
  return possible.length === 1 ? value(possible[0]?.[1]) : undefined;
}

function featureText(what: string, given: string | null, usual: readonly string[]): string {
  return given === null ? `${what} (${usual.join(", ")})` : `${what} in feature "${given}"`;
}

function describeFeatures(example: Example): string {
  if (example.size === 0) return "no features";
  const describe = ([name, { kind, values }]: [string, Feature]): string => {
    const [value] = values;
    if (values.length !== 1) return `${name} (${kind} x ${values.length})`;
    return `${name} (${kind}${value instanceof Uint8Array ? `, ${value.length} bytes` : ""})`;
  };
  return `features ${[...example]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(describe)
    .join(", ")}`;
}

interface RawSource {
  readonly size: readonly [number | undefined, number | undefined];
  readonly depth: number | undefined;
  readonly options: ImageOptions;
  readonly fail: (expected: string) => never;
}

function rawImage(
  bytes: Uint8Array,
  { size: [height, width], depth: known, options, fail }: RawSource,
): RgbImage {
  if (height === undefined || width === undefined) {
    if (bytes.length !== 3 * CIFAR_SIDE ** 2)
      return fail(
        "an image file, height and width beside raw bytes (--size gives them), or CIFAR's 3072 bytes",
      );
    const layout = options.layout ?? "cifar";
    return { height: CIFAR_SIDE, width: CIFAR_SIDE, pixels: toRgb(bytes, { ...options, depth: 3, layout }) };
  }
  const depth = known ?? bytes.length / (height * width);
  if (!(height > 0 && width > 0) || bytes.length !== height * width * depth || (depth !== 1 && depth !== 3)) {
    return fail(`${height} x ${width} pixels (height x width) of 1 or 3 bytes`);
  }
  return {
    height,
    width,
    pixels: toRgb(bytes, { ...options, depth, layout: options.layout ?? "interleaved" }),
  };
}
