/** Labelled images of one split, wherever they lie. */
export interface Dataset {
  readonly kind: "cifar10" | "cifar100" | "image-folder";
  readonly root: string;
  readonly split: Split;
  /** Names; a label is an index into them. The same for both splits. */
  readonly classes: readonly string[];
  /** [N] */
  readonly labels: Int32Array;
  readonly size: number;
  readonly pixels: Pixels;
  /** Where an image lies, for messages: a path, or "train.bin, record 12". */
  describe(index: number): string;
}

export type Split = "train" | "test";
export type Pixels = PackedPixels | FilePixels;

/** [N, 3, H, W] bytes, one plane a colour, on a SharedArrayBuffer. */
export interface PackedPixels {
  readonly kind: "packed";
  readonly bytes: Uint8Array;
  readonly height: number;
  readonly width: number;
}

export interface FilePixels {
  readonly kind: "files";
  readonly paths: readonly string[];
}

/** The images at `indices`, in that order. Copies packed pixels, so that the others can be freed. */
export function subset(dataset: Dataset, indices: readonly number[]): Dataset {
  return {
    ...dataset,
    labels: Int32Array.from(indices, (index) => dataset.labels[index] ?? 0),
    size: indices.length,
    pixels: selectPixels(dataset.pixels, indices),
    describe: (index) => dataset.describe(indices[index] ?? index),
  };
}

function selectPixels(pixels: Pixels, indices: readonly number[]): Pixels {
  if (pixels.kind === "files")
    return { kind: "files", paths: indices.map((index) => pixels.paths[index] ?? "") };
  const size = 3 * pixels.height * pixels.width;
  const bytes = sharedBytes(indices.length * size);
  indices.forEach((from, to) => bytes.set(pixels.bytes.subarray(from * size, (from + 1) * size), to * size));
  return { ...pixels, bytes };
}

/** Memory that producer threads and workers read without a copy. */
export function sharedBytes(size: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(size));
}
