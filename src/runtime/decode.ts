/** Decoding and transforming images as training does, by a small addon that libtorch is no part of. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Pixels } from "../data/dataset.js";
import { imageError } from "../data/image-error.js";
import { groupImages, type ImageInput } from "../data/image-input.js";
import type { ModelMetadata } from "../onnx/metadata.js";
import { DataError, LongtailError } from "../support/errors.js";
import type { PreparedImage } from "./types.js";

type Preprocessing = ModelMetadata["preprocessing"];

/** What vision.node exports. */
interface VisionAddon {
  setErrorTypes(types: Record<string, new (message: string) => Error>): void;
  /** For each image its values, or what is wrong with it. */
  prepareImages(
    pixels: Pixels,
    transforms: Preprocessing["transforms"],
    normalization: Normalization | null,
    threads: number,
  ): Promise<(PreparedPixels | string)[]>;
}

interface PreparedPixels {
  /** float32 [3, H, W] with a normalization, uint8 [H, W, 3] without. */
  readonly data: Float32Array | Uint8Array;
  readonly height: number;
  readonly width: number;
}

interface Normalization {
  /** 1 / (255 · std) */
  readonly scale: readonly number[];
  /** −mean / std */
  readonly shift: readonly number[];
}

const root = fileURLToPath(new URL("../..", import.meta.url));
let loaded: VisionAddon | undefined;

/** The addon, loaded at its first use. @throws LongtailError that says what is missing. */
function addon(): VisionAddon {
  loaded ??= load();
  return loaded;
}

function load(): VisionAddon {
  const require = createRequire(import.meta.url);
  const folders = [join(root, "build"), join(root, "prebuilds", "linux-x64")];
  const folder = folders.find((one) => existsSync(join(one, "vision.node")));
  if (folder === undefined)
    throw new LongtailError(
      `Images cannot be decoded: expected vision.node in ${folders.join(" or ")}, found none. In a clone, run "npm run setup"; ` +
        "elsewhere than on Linux, x64, give pixels of the network's size.",
    );
  try {
    const { open } = require(join(folder, "preload.node")) as { open: (path: string) => void };
    open(require.resolve("@img/sharp-libvips-linux-x64/binary"));
    const vision = require(join(folder, "vision.node")) as VisionAddon;
    vision.setErrorTypes({ NATIVE: LongtailError, TYPE: TypeError, DATA: DataError });
    return vision;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new LongtailError(
      `Images cannot be decoded: ${join(folder, "vision.node")} could not be loaded: ${reason}. It needs the package ` +
        "@img/sharp-libvips-linux-x64, which npm installs beside longtail unless told --omit=optional.",
      { cause: error },
    );
  }
}

interface PrepareOptions extends Pick<ModelMetadata, "preprocessing" | "input"> {
  /** Index of the first image among all, for messages. */
  readonly first: number;
  readonly workers: number | undefined;
}

/**
 * Decodes and transforms images, on other threads while the event loop runs; in their order, an error in the place of one
 * that cannot be read.
 * @throws DataError for pixels that are not as they say, UsageError for what is no image at all.
 */
export async function prepareImages(
  images: readonly ImageInput[],
  { preprocessing, input, first, workers = availableParallelism() }: PrepareOptions,
): Promise<(PreparedImage | DataError)[]> {
  const results = new Array<PreparedImage | DataError>(images.length);
  const { transforms, mean, std } = preprocessing;
  const isTensor = input === "tensor";
  const normalization = isTensor
    ? { scale: std.map((one) => 1 / (255 * one)), shift: std.map((one, c) => -mean[c]! / one) }
    : null;
  for (const { pixels, indices } of groupImages(images, first)) {
    const made = await addon().prepareImages(pixels, isTensor ? transforms : [], normalization, workers);
    const describe = (index: number): string => `image ${first + indices[index]!}`;
    made.forEach((one, index) => {
      const at = indices[index]!;
      const path = typeof images[at] === "string" ? images[at] : null;
      results[at] =
        typeof one === "string"
          ? (imageError(new DataError(one), { pixels, describe }) as DataError)
          : preparedImage(one, { path, name: path ?? describe(index), preprocessing, isTensor });
    });
  }
  return results;
}

interface Preparation extends Pick<PrepareOptions, "preprocessing"> {
  readonly path: string | null;
  /** Of the image, for messages. */
  readonly name: string;
  readonly isTensor: boolean;
}

function preparedImage(
  { data, height, width }: PreparedPixels,
  { path, name, preprocessing, isTensor }: Preparation,
): PreparedImage | DataError {
  if (!isTensor) return { image: path, data, shape: [height, width, 3] };
  const { imageSize: side } = preprocessing;
  if (height === side && width === side) return { image: path, data, shape: [3, side, side] };
  return new DataError(
    `${name}: expected ${side} x ${side} pixels after the model's transforms, found ${width} x ${height}.`,
  );
}
