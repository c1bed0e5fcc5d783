/** Decoding and transforming images as training does, by a small addon that libtorch is no part of. */
import { availableParallelism } from "node:os";
import { withoutHeic } from "../data/heic-file.js";
import { imageError } from "../data/image-error.js";
import { groupImages, type ImageInput, pixelsFault } from "../data/image-input.js";
import { normalizationFactors } from "../data/normalization-factors.js";
import type { ModelMetadata } from "../onnx/metadata.js";
import { DataError } from "../support/errors.js";
import type { PreparedImage } from "./types.js";
import { type PreparedPixels, visionAddon } from "./vision-addon.js";

type Preprocessing = ModelMetadata["preprocessing"];

interface PrepareOptions extends Pick<ModelMetadata, "preprocessing" | "input"> {
  /** Index of the first image among all, for messages. */
  readonly first: number;
  readonly workers: number | undefined;
  /** Memory of that many values, for images whose values lie one after the other; a model of pixels needs none. */
  readonly memory: (length: number) => Float32Array;
}

/**
 * Decodes and transforms images, on other threads while the event loop runs; in their order, an error in the place of one
 * that cannot be read, or of pixels that are not as they say.
 * @throws UsageError for what is no image at all.
 */
export async function prepareImages(
  images: readonly ImageInput[],
  { preprocessing, input, first, workers = availableParallelism(), memory }: PrepareOptions,
): Promise<(PreparedImage | DataError)[]> {
  const results = new Array<PreparedImage | DataError>(images.length);
  const decodable: ImageInput[] = [];
  const places: number[] = []; // of those, among all
  const { encodeImages: encode } = visionAddon();
  (await withoutHeic(images, first, { encode, look: "at all" })).forEach((image, at) => {
    const fault = image instanceof DataError ? image : pixelsFault(image, first + at);
    if (fault !== null) results[at] = fault;
    else {
      decodable.push(image as ImageInput);
      places.push(at);
    }
  });
  const groups = groupImages(decodable, first);
  const targets = input === "tensor" ? targetsFor(images.length, preprocessing, memory) : null;
  for (const { pixels, indices: grouped } of groups) {
    const indices = grouped.map((index) => places[index]!);
    const planes = targets && {
      ...normalizationFactors(preprocessing),
      targets: indices.map((index) => targets[index]!),
    };
    const transforms = planes === null ? [] : preprocessing.transforms;
    const made = await visionAddon().prepareImages(pixels, transforms, planes, workers);
    const describe = (index: number): string => `image ${first + indices[index]!}`;
    made.forEach((one, index) => {
      const at = indices[index]!;
      const path = typeof images[at] === "string" ? images[at] : null;
      results[at] =
        typeof one === "string"
          ? (imageError(new DataError(one), { pixels, describe }) as DataError)
          : preparedImage(one, { path, name: path ?? describe(index), preprocessing, target: targets?.[at] });
    });
  }
  return results;
}

/** The memory of each image, one after the other. */
function targetsFor(
  images: number,
  { imageSize }: Preprocessing,
  memory: PrepareOptions["memory"],
): Float32Array[] {
  const length = 3 * imageSize ** 2;
  const all = memory(images * length);
  return Array.from({ length: images }, (_, k) => all.subarray(k * length, (k + 1) * length));
}

interface Preparation extends Pick<PrepareOptions, "preprocessing"> {
  readonly path: string | null;
  /** Of the image, for messages. */
  readonly name: string;
  /** Memory with the values, for a model that takes tensors. */
  readonly target: Float32Array | undefined;
}

function preparedImage(
  { data, height, width }: PreparedPixels,
  { path, name, preprocessing, target }: Preparation,
): PreparedImage | DataError {
  if (target === undefined) return { image: path, data: data!, shape: [height, width, 3] };
  const { imageSize: side } = preprocessing;
  if (height === side && width === side) return { image: path, data: target, shape: [3, side, side] };
  return new DataError(
    `${name}: expected ${side} x ${side} pixels after the model's transforms, found ${width} x ${height}.`,
  );
}
