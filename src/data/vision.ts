import { native, type Handle } from "../torch/native.js";
import type { TransformSpec } from "../recipes/schema.js";
import type { Pixels } from "./dataset.js";

/** What native/vision exports. */
interface Vision {
  /** uint8 [H, W, 3] */
  decodeImage(path: string): Handle;
  /** Image files in memory. PNG passes over `quality` (1 to 100). */
  encodeImages(
    images: readonly RgbImage[],
    format: "png" | "jpeg",
    quality: number,
    threads: number,
  ): Buffer[];
  /** uint8 [H, W, 3] → uint8 [H, W, 3] */
  transformImage(
    image: Handle,
    transforms: readonly TransformSpec[],
    random: { seed: number; epoch: number; image: number; view: number },
  ): Handle;
  /**
   * What a policy draws for images 0 to count - 1 when it comes first: the number of its alternative, then each
   * operation with value and interpolation ("3: shear-y 0.1 bicubic, equalize 0 nearest").
   */
  describeDraws(
    policy: readonly [TransformSpec],
    random: { seed: number; epoch: number; view: number },
    count: number,
  ): string[];
  openProducer(options: {
    pixels: Pixels;
    /** The transforms of each view of an image. */
    views: readonly (readonly TransformSpec[])[];
    size: number;
    seed: number;
    threads: number;
    ahead: number;
  }): number;
  planBatches(producer: number, epoch: number, images: Int32Array, batch: number): void;
  cancelBatches(producer: number): void;
  /** uint8 [V·N, 3, S, S], channels_last, view after view; undefined when it is not ready after `milliseconds`. */
  nextBatch(producer: number, milliseconds: number): Handle | undefined;
  closeProducer(producer: number): void;
}

/** Rows of red, green and blue bytes, [H, W, 3]. */
export interface RgbImage {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

export function vision(): Vision {
  return native() as unknown as Vision;
}
