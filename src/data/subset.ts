import {
  sharedBytes,
  type Dataset,
  type EncodedPixels,
  type PackedPixels,
  type Pixels,
  type SpanPixels,
} from "./dataset.js";

/** The images at `indices`, in that order. Copies what is in memory, so that the others can be freed. */
export function subset(dataset: Dataset, indices: readonly number[]): Dataset {
  return {
    ...dataset,
    labels: Int32Array.from(indices, (index) => dataset.labels[index]!),
    size: indices.length,
    pixels: selectPixels(dataset.pixels, indices),
    describe: (index) => dataset.describe(indices[index] ?? index),
  };
}

function selectPixels(pixels: Pixels, indices: readonly number[]): Pixels {
  switch (pixels.kind) {
    case "files":
      return { kind: "files", paths: indices.map((index) => pixels.paths[index]!) };
    case "spans":
      return selectSpans(pixels, indices);
    case "packed":
      return selectPacked(pixels, indices);
    case "encoded":
      return selectEncoded(pixels, indices);
    default:
      return pixels satisfies never;
  }
}

function selectSpans(pixels: SpanPixels, indices: readonly number[]): SpanPixels {
  return {
    ...pixels,
    file: Int32Array.from(indices, (index) => pixels.file[index]!),
    offsets: Float64Array.from(indices, (index) => pixels.offsets[index]!),
    lengths: Int32Array.from(indices, (index) => pixels.lengths[index]!),
  };
}

function selectPacked(pixels: PackedPixels, indices: readonly number[]): PackedPixels {
  const size = 3 * pixels.height * pixels.width;
  const bytes = sharedBytes(indices.length * size);
  indices.forEach((from, to) => {
    bytes.set(pixels.bytes.subarray(from * size, (from + 1) * size), to * size);
  });
  return { ...pixels, bytes };
}

function selectEncoded(pixels: EncodedPixels, indices: readonly number[]): EncodedPixels {
  const images = encodedImages(pixels);
  return joinEncoded(indices.map((index) => images[index]!));
}

/** The content of each image file in memory, none of it copied. */
export function encodedImages({ bytes, offsets }: EncodedPixels): Uint8Array[] {
  return Array.from({ length: offsets.length - 1 }, (_, index) =>
    bytes.subarray(offsets[index], offsets[index + 1]),
  );
}

/** Image files in memory, as pixels of a dataset. */
export function joinEncoded(images: readonly Uint8Array[]): EncodedPixels {
  const offsets = new Float64Array(images.length + 1);
  images.forEach((image, index) => {
    offsets[index + 1] = offsets[index]! + image.length;
  });
  const bytes = sharedBytes(offsets.at(-1)!);
  images.forEach((image, index) => {
    bytes.set(image, offsets[index]);
  });
  return { kind: "encoded", bytes, offsets };
}
