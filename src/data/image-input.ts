import { DataError, UsageError } from "../support/errors.js";
import type { Pixels } from "./dataset.js";

/**
 * Pixels in memory, row by row, one byte a channel: gray, RGB or RGBA, whose alpha is dropped. A canvas's `ImageData`
 * with `channels: 4` is one.
 *
 * @example
 * const red = { data: Uint8Array.from([255, 0, 0]), width: 1, height: 1, channels: 3 } satisfies RawImage;
 */
export interface RawImage {
  /** `height` × `width` × `channels` bytes. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

/**
 * An image to predict: the path of a file, the content of a file (JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP; a Buffer is a Uint8Array), or pixels.
 *
 * @example
 * const images: ImageInput[] = ["photo.jpg", readFileSync("photo.png"), { data, width, height, channels: 3 }];
 */
export type ImageInput = string | Uint8Array | RawImage;

/** Images of one batch that are read in one way, and their indices in the batch. */
export interface ImageGroup {
  readonly pixels: Pixels;
  readonly indices: readonly number[];
}

/**
 * Sorts images by how they are read.
 *
 * @param first index of the first image among all, for messages.
 * @throws DataError for pixels that are not as they say, UsageError for what is no image at all.
 */
export function groupImages(images: readonly ImageInput[], first: number): ImageGroup[] {
  const paths: [string, number][] = [];
  const files: [Uint8Array, number][] = [];
  const raw = new Map<string, [RawImage, number][]>(); // by size
  images.forEach((image, index) => {
    if (typeof image === "string") paths.push([image, index]);
    else if (image instanceof Uint8Array) files.push([image, index]);
    else {
      const fault = pixelsFault(image, first + index);
      if (fault !== null) throw fault;
      const size = `${image.width} x ${image.height}`;
      raw.set(size, [...(raw.get(size) ?? []), [image, index]]);
    }
  });
  const group = <T>(found: readonly [T, number][], pixels: (items: readonly T[]) => Pixels): ImageGroup[] =>
    found.length === 0
      ? []
      : [{ pixels: pixels(found.map(([item]) => item)), indices: found.map(([, index]) => index) }];
  return [
    ...group(paths, (items) => ({ kind: "files", paths: items })),
    ...group(files, encoded),
    ...[...raw.values()].flatMap((found) => group(found, packed)),
  ];
}

/** A copy, since the caller may change its memory while the threads read. */
function encoded(files: readonly Uint8Array[]): Pixels {
  const offsets = new Float64Array(files.length + 1);
  files.forEach((file, k) => (offsets[k + 1] = offsets[k]! + file.length));
  const bytes = new Uint8Array(offsets[files.length]!);
  files.forEach((file, k) => {
    bytes.set(file, offsets[k]);
  });
  return { kind: "encoded", bytes, offsets };
}

/** [N, 3, H, W] of images of one size, which are there row by row. */
function packed(images: readonly RawImage[]): Pixels {
  const { width, height } = images[0]!;
  const plane = width * height;
  const bytes = new Uint8Array(images.length * 3 * plane);
  images.forEach(({ data, channels }, k) => {
    for (let channel = 0; channel < 3; channel += 1) {
      const start = (3 * k + channel) * plane;
      const from = channels === 1 ? 0 : channel;
      for (let pixel = 0; pixel < plane; pixel += 1) bytes[start + pixel] = data[pixel * channels + from]!;
    }
  });
  return { kind: "packed", bytes, height, width };
}

/**
 * What is wrong with pixels, of which a program without types may have said anything; null for correct ones and for files.
 *
 * @param index of the image, for messages.
 * @throws UsageError for what is no image at all.
 */
export function pixelsFault(image: ImageInput, index: number): DataError | null {
  if (typeof image === "string" || image instanceof Uint8Array) return null;
  const given: unknown = image;
  const { data, width, height, channels } = (given ?? {}) as Partial<Record<keyof RawImage, unknown>>;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray))
    throw new UsageError(
      `image ${index}: expected a path, a Buffer or Uint8Array of an image file, or pixels { data, width, height, channels }, ` +
        `found ${kindOf(image)}.`,
    );
  const isSide = (side: unknown): boolean => Number.isSafeInteger(side) && (side as number) > 0;
  if (!isSide(width) || !isSide(height) || ![1, 3, 4].includes(channels as number))
    return new DataError(
      `image ${index}: expected pixels of a width and a height above 0 and 1, 3 or 4 channels, found ` +
        `width ${String(width)}, height ${String(height)}, channels ${String(channels)}.`,
    );
  const bytes = (width as number) * (height as number) * (channels as number);
  if (data.length === bytes) return null;
  return new DataError(
    `image ${index}: expected ${bytes} bytes of pixels (${String(width)} x ${String(height)} x ${String(channels)}), found ${data.length}.`,
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  const keys = Object.keys(value).slice(0, 5).join(", ");
  return keys === "" ? "an object without keys" : `an object with ${keys}`;
}
