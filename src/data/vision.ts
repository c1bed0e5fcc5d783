import { setImmediate } from "node:timers/promises";
import { type Handle, native } from "../torch/native.js";
import type { TransformSpec } from "../recipes/schema.js";
import type { Pixels } from "./dataset.js";
import type { NormalizationFactors } from "./normalization-factors.js";

/** What native/vision exports. */
interface Vision {
  /** uint8 [H, W, 3] */
  decodeImage(path: string): Handle;
  /** The whole images, or what fixed transforms make of them. */
  decodeImages(pixels: Pixels, transforms: readonly TransformSpec[], threads: number): RgbImage[];
  /** The same on threads of its own, for `decodeRgb` below. */
  startDecoding(pixels: Pixels, transforms: readonly TransformSpec[], threads: number): number;
  /** Undefined when it is not done after `milliseconds`. */
  awaitDecoding(decoding: number, milliseconds: number): RgbImage[] | undefined;
  /** Ends the images in work. */
  closeDecoding(decoding: number): void;
  /** An open file that lies in memory and has no name; it ends with its last use. */
  memoryFile(): number;
  /** Image files in memory. PNG passes over `quality` (1 to 100). */
  readonly encodeImages: (
    images: readonly RgbImage[],
    format: "png" | "jpeg",
    quality: number,
    threads: number,
  ) => Buffer[];
  /** What each image file is, and whether it can be decoded; of its header alone, or of all of it. */
  inspectImages(pixels: Pixels, threads: number, depth: "header" | "whole"): NativeInspection[];
  /** The same on threads of its own, for `inspectImages` below. */
  startInspection(pixels: Pixels, threads: number, depth: "header" | "whole"): number;
  /** Undefined when it is not done after `milliseconds`. */
  awaitInspection(inspection: number, milliseconds: number): NativeInspection[] | undefined;
  /** Ends the images in work. */
  closeInspection(inspection: number): void;
  /** JPEG files that fit a square of `side` pixels; null for what cannot be decoded. */
  makeThumbnails(pixels: Pixels, side: number, threads: number): (Buffer | null)[];
  /** What decodes JPEG here: "libjpeg-turbo 2.1.5" (the version of its headers) or "libvips". */
  jpegLibrary(): string;
  /** uint8 [H, W, 3] → uint8 [H, W, 3] */
  transformImage(
    image: Handle,
    transforms: readonly TransformSpec[],
    random: { seed: number; epoch: number; image: number; view: number },
  ): Handle;
  /**
   * What a transform draws for images 0, 1, … of one size: float64 [images, numbers], the numbers as native/vision
   * lists them for each kind. No pixels are made.
   */
  drawTransform(
    transform: TransformSpec,
    draws: { height: number; width: number; seed: number; epoch: number; view: number; images: number },
  ): Handle;
  openProducer(options: {
    pixels: Pixels | DecodedPixels;
    /** The transforms of each view of an image. */
    views: readonly (readonly TransformSpec[])[];
    /** What follows them in each view and is done elsewhere: only its random numbers are drawn. */
    drawn: readonly (readonly TransformSpec[])[];
    size: number;
    seed: number;
    threads: number;
    prefetch: number;
    /** Decode a JPEG at 1/2, 1/4 or 1/8 where the transforms make it that much smaller anyway. */
    reduce: boolean;
    /** Batches lie in pinned memory; needs a GPU. */
    pinned: boolean;
    /** Batches are float32 in the normalizer's order; null: uint8 in channels_last. */
    normalizer: Normalizer | null;
  }): number;
  planBatches(producer: number, plan: BatchPlan): void;
  cancelBatches(producer: number): void;
  /** Whether the next batch, or its error, is there after `milliseconds`. */
  awaitBatch(producer: number, milliseconds: number): boolean;
  /** Undefined when it is not ready after `milliseconds`. */
  nextBatch(producer: number, milliseconds: number): MadeBatch | undefined;
  /** uint8 [N, 3, S, S] in channels_last → float32: scale · x + shift for each channel */
  normalizeImages(images: Handle, normalizer: Normalizer): Handle;
  closeProducer(producer: number): void;
  /** See timeline.ts. */
  beginTimeline(): void;
  endTimeline(): Handle;
}

/** See Inspection and Fingerprint in native/vision. */
export interface NativeInspection {
  /** Why training would refuse the image; what follows is then as far as it could be read. */
  readonly error: string | null;
  /** What the decoder complained of though it went on. */
  readonly warning: string | null;
  readonly truncated: boolean;
  /** Refused for the size that its header declares. */
  readonly huge: boolean;
  readonly format: string | null;
  /** As stored, before the EXIF orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** A channel. */
  readonly bits: number;
  readonly color: "rgb" | "gray" | "cmyk" | null;
  readonly alpha: boolean;
  /** EXIF's, 1 to 8. */
  readonly orientation: number;
  /** Of the file. */
  readonly bytes: number;
  /** 64 bits in hexadecimal, like the other hashes: equal for equal files. */
  readonly fileHash: string;
  /** Equal for equal images, whatever else is in their files. */
  readonly pixelHash: string;
  /** Near images differ in few bits. */
  readonly hash: string;
  /** The hash of the mirror image. */
  readonly mirrored: string;
  /** Standard deviation of the luma; near 0 the hashes mean nothing. */
  readonly contrast: number;
  /** [8, 8, 3]: mean colors of tiles */
  readonly colors: Buffer;
}

/** Bytes to floats: scale · x + shift for each channel. */
export interface Normalizer extends NormalizationFactors {
  readonly channelsLast: boolean;
}

/** Rows of red, green and blue bytes, [H, W, 3]. */
export interface RgbImage {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** Images that were decoded before and lie in a file, one after the other: [H, W, 3] bytes each. */
export interface DecodedPixels {
  readonly kind: "decoded";
  /** What they were decoded from: it names them in messages. */
  readonly origin: Pixels;
  readonly path: string;
  /** The first image's first byte there. */
  readonly start: number;
  /** [N] each */
  readonly heights: Int32Array;
  readonly widths: Int32Array;
  /** CRC-32C of each image's pixels: compared when an image is first read. */
  readonly checksums: Int32Array;
}

interface MadeBatch {
  /** [V·N, 3, S, S], view after view */
  readonly images: Handle;
  /** int32 [V·N, numbers]: those of the view's `drawn`, as native/vision lists them for each kind; null where there are none */
  readonly drawn: Handle | null;
}

/** What comes when: batches of `batch` images, the last one as long as it gets. */
interface BatchPlan {
  readonly epoch: number;
  readonly images: Int32Array;
  /** For each image, how often the epoch has drawn it before: another number, other augmentations. */
  readonly counts: Int32Array;
  readonly batch: number;
}

export function vision(): Vision {
  return native() as unknown as Vision;
}

/** Native waits end after this time, so that the event loop gets a turn: signal handlers run in it. */
export const PATIENCE_MS = 100;

/** Looks at image files as `vision().inspectImages` while the event loop runs; null when the signal ended it before. */
export async function inspectImages(
  pixels: Pixels,
  { threads, depth, signal }: { threads: number; depth: "header" | "whole"; signal: AbortSignal },
): Promise<NativeInspection[] | null> {
  const job = vision().startInspection(pixels, threads, depth);
  return outcome({
    take: () => vision().awaitInspection(job, PATIENCE_MS),
    close: () => vision().closeInspection(job),
    signal,
  });
}

/** Decodes image files as `vision().decodeImages` while the event loop runs; null when the signal ended it before. */
export async function decodeRgb(
  pixels: Pixels,
  {
    transforms,
    threads,
    signal,
  }: { transforms: readonly TransformSpec[]; threads: number; signal: AbortSignal },
): Promise<RgbImage[] | null> {
  const job = vision().startDecoding(pixels, transforms, threads);
  return outcome({
    take: () => vision().awaitDecoding(job, PATIENCE_MS),
    close: () => vision().closeDecoding(job),
    signal,
  });
}

/** What a job on native threads gives; null when the signal ended it before. */
async function outcome<T>({
  take,
  close,
  signal,
}: {
  take: () => T | undefined;
  close: () => void;
  signal: AbortSignal;
}): Promise<T | null> {
  try {
    while (!signal.aborted) {
      const found = take();
      if (found !== undefined) return found;
      await setImmediate();
    }
    return null;
  } finally {
    close();
  }
}

/** Raised when decoding comes to give other pixels: 2 turns RGB by color profiles into sRGB, 3 gray and CMYK, too. */
const DECODER = 3;

/** What decides an image's pixels besides its file: caches are keyed by it. */
export function decoderVersion(): string {
  return `${DECODER} ${vision().jpegLibrary()}`;
}
