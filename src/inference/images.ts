import { withoutHeic } from "../data/heic-file.js";
import { groupImages, type ImageInput } from "../data/image-input.js";
import { decodeImages, type DecodeOptions } from "../data/loader/decode.js";
import { vision } from "../data/vision.js";
import { tensor } from "../torch/create.js";
import { cat } from "../torch/operators.generated.js";
import { dispose, keep, scope } from "../torch/scope.js";
import { DataError } from "../support/errors.js";
import type { Tensor } from "../torch/tensor.js";

/**
 * Decodes and transforms images of any kind, in their order: float32 [N, 3, S, S], which lives until dispose().
 *
 * @param first index of the batch's first image among all, for messages.
 * @throws DataError that names an image which cannot be read, UsageError for what is no image at all.
 */
export async function decodeBatch(
  images: readonly ImageInput[],
  { first, ...options }: Omit<DecodeOptions, "describe"> & { readonly first: number },
): Promise<Tensor> {
  const readable = await withoutHeic(images, first, vision().encodeImages);
  const groups = groupImages(readable.map(orThrow), first);
  const decoded: Tensor[] = [];
  try {
    for (const { pixels, indices } of groups) {
      const describe = (index: number): string => `image ${first + (indices[index] ?? 0)}`;
      decoded.push(await decodeImages(pixels, indices.length, { ...options, describe }));
    }
    if (decoded.length === 1) return decoded.pop()!;
    return inOrder(
      decoded,
      groups.flatMap(({ indices }) => indices),
    );
  } finally {
    dispose(...decoded);
  }
}

function orThrow(image: ImageInput | DataError): ImageInput {
  if (image instanceof DataError) throw image;
  return image;
}

/** Puts the groups' images back in the order of the batch; `indices` says where each of them belongs. */
function inOrder(decoded: readonly Tensor[], indices: readonly number[]): Tensor {
  using _scope = scope();
  const rows = new BigInt64Array(indices.length);
  indices.forEach((index, row) => (rows[index] = BigInt(row)));
  return keep(cat(decoded).indexSelect(0, tensor(rows)));
}
