import { hasMisnamedHeic, withoutHeic } from "../data/heic-file.js";
import { groupImages, type ImageInput } from "../data/image-input.js";
import { decodeImages, type DecodeOptions } from "../data/loader/decode.js";
import { vision } from "../data/vision.js";
import { tensor } from "../torch/create.js";
import { cat } from "../torch/operators.generated.js";
import { dispose, keep, scope } from "../torch/scope.js";
import { DataError } from "../support/errors.js";
import type { Tensor } from "../torch/tensor.js";

interface BatchOptions extends Omit<DecodeOptions, "describe"> {
  /** Index of the batch's first image among all, for messages. */
  readonly first: number;
}

/**
 * Decodes and transforms images of any kind, in their order: float32 [N, 3, S, S], which lives until dispose().
 *
 * @throws DataError that names an image which cannot be read, UsageError for what is no image at all.
 */
export async function decodeBatch(images: readonly ImageInput[], options: BatchOptions): Promise<Tensor> {
  try {
    return await decodeReadable(images, options, "by name");
  } catch (error) {
    if (!(error instanceof DataError) || !hasMisnamedHeic(images)) throw error;
    return await decodeReadable(images, options, "at all");
  }
}

async function decodeReadable(
  images: readonly ImageInput[],
  { first, ...options }: BatchOptions,
  look: "at all" | "by name",
): Promise<Tensor> {
  const readable = await withoutHeic(images, first, { encode: vision().encodeImages, look });
  const groups = groupImages(readable.map(orThrow), first);
  const decoded: Tensor[] = [];
  try {
    for (const { pixels, indices } of groups) {
      const describe = (index: number): string => `image ${first + (indices[index] ?? 0)}`;
      decoded.push(await decodeImages(pixels, indices.length, { ...options, describe }));
    }
    if (decoded.length === 1) return decoded.pop()!;
    const indices = groups.flatMap((group) => group.indices);
    return inOrder(decoded, { indices, memoryFormat: options.memoryFormat });
  } finally {
    dispose(...decoded);
  }
}

function orThrow(image: ImageInput | DataError): ImageInput {
  if (image instanceof DataError) throw image;
  return image;
}

interface Order {
  /** Where each of the groups' images belongs in the batch. */
  readonly indices: readonly number[];
  /** That of the groups, which decides by what kernels the network computes. */
  readonly memoryFormat: DecodeOptions["memoryFormat"];
}

/** Puts the groups' images back in the order of the batch. */
function inOrder(decoded: readonly Tensor[], { indices, memoryFormat }: Order): Tensor {
  using _scope = scope();
  const rows = new BigInt64Array(indices.length);
  indices.forEach((index, row) => (rows[index] = BigInt(row)));
  return keep(cat(decoded).indexSelect(0, tensor(rows)).to({ memoryFormat }));
}
