import type { ResolvedRecipe } from "../recipes/schema.js";
import { DataError } from "../support/errors.js";
import { formatBytes } from "../support/units.js";
import type { Skipped } from "./bad-records.js";

/** Labeled images of one split, wherever they lie. */
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
  /** Records that are left out because they are not usable (data.strict=false); none unless given. */
  readonly skipped?: Skipped;
  /** Where an image lies, for messages: a path, or "train.bin, record 12". */
  describe(index: number): string;
}

export type Split = "train" | "test";
export type Pixels = PackedPixels | FilePixels | SpanPixels | EncodedPixels;

/** [N, 3, H, W] bytes, one plane a color, on a SharedArrayBuffer. */
export interface PackedPixels {
  readonly kind: "packed";
  readonly bytes: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** An image file each. */
export interface FilePixels {
  readonly kind: "files";
  readonly paths: readonly string[];
}

/** Image files that are parts of other files, such as members of tar archives. */
export interface SpanPixels {
  readonly kind: "spans";
  readonly files: readonly string[];
  /** [N]: which of `files` an image lies in */
  readonly file: Int32Array;
  /** [N]: its first byte there */
  readonly offsets: Float64Array;
  /** [N]: its bytes */
  readonly lengths: Int32Array;
}

/** Image files in memory, one after the other, on a SharedArrayBuffer. */
export interface EncodedPixels {
  readonly kind: "encoded";
  readonly bytes: Uint8Array;
  /** [N + 1]: image i lies from offsets[i] to offsets[i + 1] */
  readonly offsets: Float64Array;
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
  | "strict"
  | "imbalance"
  | "imbalanceSeed"
>;

/** The same when the folder is there. */
export type DataSource = DataSpec & { readonly root: string };

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
