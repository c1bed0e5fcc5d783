import type { ResolvedRecipe } from "../recipes/schema.js";
import { DataError } from "../support/errors.js";
import { formatBytes } from "../support/units.js";
import type { LeftOut } from "./left-out.js";

/**
 * Labeled images of one split, wherever they lie.
 *
 * @example
 * const { classes, labels, describe }: Dataset = await openDataset({ kind: "csv", root: "photos" }, "train");
 * console.log(describe(0), classes[labels[0]!]);
 */
export interface Dataset {
  readonly kind: ResolvedRecipe["data"]["kind"] | "memory";
  readonly root: string;
  readonly split: Split;
  /** Names; a label is an index into them. The same for both splits. */
  readonly classes: readonly string[];
  /** [N] */
  readonly labels: Int32Array;
  readonly size: number;
  readonly pixels: Pixels;
  /** What is not used: files that are no images and, with data.strict=false, what cannot be; nothing unless given. */
  readonly leftOut?: readonly LeftOut[];
  /** File or folder of the split, from the data folder; not said of data in memory. */
  readonly source?: string;
  /** What people should know of how the data was read; nothing unless given. */
  readonly notes?: readonly string[];
  /** Where an image lies, for messages: a path, or "train.bin, record 12". */
  describe(index: number): string;
}

/**
 * Split of a data set.
 *
 * @example
 * for (const split of ["train", "test"] satisfies Split[]) console.log((await openDataset(data, split)).size);
 */
export type Split = "train" | "test";
/** A folder of images: of a split, or of the images that choose an epoch. */
export type SplitFolder = Split | "validation";

/**
 * Where a data set's pixels are.
 *
 * @example
 * const paths = dataset.pixels.kind === "files" ? dataset.pixels.paths : [];
 */
export type Pixels = PackedPixels | FilePixels | SpanPixels | EncodedPixels;

/**
 * [N, 3, H, W] bytes, one plane a color, on a SharedArrayBuffer.
 *
 * @example
 * if (dataset.pixels.kind === "packed") console.log(dataset.pixels.height, dataset.pixels.width);
 */
export interface PackedPixels {
  readonly kind: "packed";
  readonly bytes: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/**
 * An image file each.
 *
 * @example
 * if (dataset.pixels.kind === "files") console.log(dataset.pixels.paths[0]);
 */
export interface FilePixels {
  readonly kind: "files";
  readonly paths: readonly string[];
}

/**
 * Image files that are parts of other files, such as members of tar archives.
 *
 * @example
 * if (dataset.pixels.kind === "spans") console.log(dataset.pixels.files, dataset.pixels.offsets[0]);
 */
export interface SpanPixels {
  readonly kind: "spans";
  readonly files: readonly string[];
  /** Index into `files` of each image, [N]. */
  readonly file: Int32Array;
  /** First byte of each image in its file, [N]. */
  readonly offsets: Float64Array;
  /** Number of bytes of each image, [N]. */
  readonly lengths: Int32Array;
}

/**
 * Image files in memory, one after the other, on a SharedArrayBuffer.
 *
 * @example
 * if (dataset.pixels.kind === "encoded") console.log(dataset.pixels.offsets.length - 1);
 */
export interface EncodedPixels {
  readonly kind: "encoded";
  readonly bytes: Uint8Array;
  /** Offsets [N + 1]; image i lies from `offsets[i]` to `offsets[i + 1]`. */
  readonly offsets: Float64Array;
}

/**
 * Paths of images that are files, as the user has them; null where they are none. `pixels` may name a decoded copy in the cache in
 * place of a file.
 */
export function pathsOf(dataset: Pick<Dataset, "pixels" | "describe">): string[] | null {
  const { pixels } = dataset;
  return pixels.kind === "files" ? pixels.paths.map((_, index) => dataset.describe(index)) : null;
}

type Data = ResolvedRecipe["data"];

/** What a recipe says of where the images are. */
export type DataSpec = Pick<
  Data,
  | "kind"
  | "root"
  | "trainFile"
  | "testFile"
  | "classNames"
  | "columns"
  | "labels"
  | "imageFolder"
  | "imageExtension"
  | "testSplit"
  | "strict"
  | "imbalance"
  | "imbalanceSeed"
>;

/** The same when the folder is there. */
export interface DataSource extends DataSpec {
  readonly root: string;
  /** Classes of a trained network, to which the images are matched by name; the training images' unless given. */
  readonly classes?: readonly string[] | undefined;
}

/** Memory that producer threads and workers read without a copy. @throws DataError when there is not as much */
export function sharedBytes(size: number): Uint8Array {
  try {
    return new Uint8Array(new SharedArrayBuffer(size));
  } catch (error) {
    throw new DataError(`the images need ${formatBytes(size)} of memory, more than can be had at once.`, {
      cause: error,
    });
  }
}
