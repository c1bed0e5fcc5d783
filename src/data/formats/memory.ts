import { DataError } from "../../support/errors.js";
import { type Dataset, sharedBytes, type Split } from "../dataset.js";

export interface MemoryOptions {
  /** uint8, one image after the other, RGB */
  readonly images: Uint8Array;
  readonly height: number;
  readonly width: number;
  /** [N, H, W, 3], the colors of a pixel together, or [N, 3, H, W], a plane a color. */
  readonly layout: "NHWC" | "NCHW";
  /** [N], indices into `classes` */
  readonly labels: ArrayLike<number>;
  readonly classes: readonly string[];
  readonly split: Split;
}

/** Images that a program has in memory already, as a dataset. They are copied. @throws DataError when they do not fit */
export function memoryDataset(options: MemoryOptions): Dataset {
  const { images, height, width, classes, split } = options;
  const labels = Int32Array.from(options.labels);
  const pixels = 3 * height * width;
  if (images.length === 0 || images.length !== labels.length * pixels)
    throw new DataError(
      `memoryDataset: expected an image of ${height} x ${width} x 3 bytes for each of ${labels.length} labels, found ${images.length} bytes.`,
    );
  const wrong = Array.from(options.labels).findIndex(
    (label) => !Number.isInteger(label) || classes[label] === undefined,
  );
  if (wrong >= 0)
    throw new DataError(
      `memoryDataset, image ${wrong}: expected a label below ${classes.length}, found ${options.labels[wrong] ?? ""}.`,
    );
  const bytes = sharedBytes(images.length);
  if (options.layout === "NCHW") bytes.set(images);
  else intoPlanes(images, bytes, height * width);
  return {
    ...{ kind: "memory", root: "memory", split, classes, labels, size: labels.length },
    pixels: { kind: "packed", bytes, height, width },
    describe: (index) => `image ${index}`,
  };
}

/** [N, plane, 3] → [N, 3, plane] */
function intoPlanes(from: Uint8Array, to: Uint8Array, plane: number): void {
  for (let start = 0; start < from.length; start += 3 * plane)
    for (let pixel = 0; pixel < plane; pixel++)
      for (let color = 0; color < 3; color++)
        to[start + color * plane + pixel] = from[start + 3 * pixel + color]!;
}
