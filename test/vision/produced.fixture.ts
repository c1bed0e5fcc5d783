import type { TransformSpec } from "../../src/recipes/schema.js";
import { Tensor } from "../../src/torch/tensor.js";
import { vision } from "../../src/data/vision.js";

interface Produced {
  readonly views: readonly TransformSpec[][];
  /** Side of the square that they end with. */
  readonly size: number;
  readonly epoch?: number;
  readonly reduce?: boolean;
}

/** uint8 [views · paths, size, size, 3]: what the producer makes of image files. */
export function produced(
  paths: readonly string[],
  { views, size, epoch = 0, reduce = false }: Produced,
): Tensor {
  const producer = vision().openProducer({
    pixels: { kind: "files", paths },
    ...{ views, drawn: views.map(() => []), size, seed: 1, threads: 1, prefetch: 1, reduce, pinned: false },
    normalizer: null,
  });
  try {
    const images = Int32Array.from(paths.keys());
    vision().planBatches(producer, { epoch, images, counts: images.map(() => 0), batch: paths.length });
    return new Tensor(vision().nextBatch(producer, 60_000)!.images).permute([0, 2, 3, 1]);
  } finally {
    vision().closeProducer(producer);
  }
}
