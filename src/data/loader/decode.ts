import type { Tensor } from "../../torch/tensor.js";
import { dispose } from "../../torch/scope.js";
import { Loader, type LoaderOptions } from "./loader.js";
import { inOrder } from "../samplers/in-order.js";

/**
 * Reads image files and prepares them as a dataset's: float32 [N, 3, S, S].
 * @throws DataError that names a file which cannot be read.
 */
export function loadImages(
  paths: readonly string[],
  options: Pick<LoaderOptions, "transforms" | "imageSize" | "mean" | "std" | "workers" | "memoryFormat">,
): Tensor {
  const { transforms, imageSize, mean, std, workers, memoryFormat } = options;
  using loader = new Loader({
    dataset: {
      kind: "image-folder",
      root: ".",
      split: "test",
      classes: [],
      labels: new Int32Array(paths.length),
      size: paths.length,
      pixels: { kind: "files", paths },
      describe: (index) => paths[index] ?? "",
    },
    transforms,
    imageSize,
    mean,
    std,
    workers,
    memoryFormat,
    batch: paths.length,
    sampler: inOrder(paths.length),
    dropLast: false,
    seed: 0,
  });
  const [batch] = loader.epoch(0);
  if (!batch) throw new RangeError("loadImages: expected at least one path");
  dispose(batch.labels);
  return batch.images;
}
