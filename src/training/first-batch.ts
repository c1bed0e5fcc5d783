import { basename } from "node:path";
import type { Dataset } from "../data/dataset.js";
import type { Batch } from "../data/loader/loader.js";
import { type RgbImage, vision } from "../data/vision.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { writeFileAtomic } from "../support/atomic-file.js";
import { stack } from "../torch/operators.generated.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import type { Emit, ImagesEvent } from "../runs/events.js";
import type { RunFolder } from "../runs/run-folder.js";
import type { Training } from "./prepare.js";

const GAP = 2; // pixels around each image
const GAP_GRAY = 128;
/** Small images are enlarged by a whole factor to about this side, so that people see something. */
const SHOWN_SIDE = 96;

type ShownBatch = Pick<Batch, "images" | "indices">;

interface Shown {
  readonly batch: ShownBatch;
  readonly dataset: Dataset;
  readonly data: Pick<ResolvedRecipe["data"], "mean" | "std">;
  /** How many images at most. */
  readonly limit: number;
}

/** Writes a picture of the first batch of a run and emits it, where the recipe wants it (logs.images). */
export function emitFirstBatch(
  { recipe, data }: Pick<Training, "recipe" | "data">,
  batch: ShownBatch,
  { folder, emit }: { readonly folder: RunFolder; readonly emit: Emit },
): void {
  const { images: limit } = recipe.logs;
  if (limit === 0) return;
  const picture = writeBatchPicture(folder.firstBatch, {
    batch,
    data: recipe.data,
    dataset: data.trainSubset,
    limit,
  });
  emit({ type: "images", epoch: 1, step: 1, ...picture });
}

/**
 * Writes a PNG file with the first images of a batch, undoing the normalization: augmented, and mixed where they are. The
 * views of an image are side by side.
 */
export function writeBatchPicture(
  path: string,
  { batch, dataset, data, limit }: Shown,
): Pick<ImagesEvent, "file" | "width" | "height" | "classes"> {
  using _scope = scope();
  const total = batch.indices.length;
  const views = (batch.images.shape[0] ?? 0) / total;
  const shown = Math.min(limit, total);
  // [V, n, 3, S, S] → [n, V, 3, S, S]
  const tiles = stack(
    Array.from({ length: views }, (_, view) => batch.images.narrow(0, view * total, shown)),
    { dim: 1 },
  );
  const columns = views * Math.ceil(Math.sqrt(shown / views));
  const picture = grid(tiles, { ...data, count: shown * views, columns });
  writeFileAtomic(path, vision().encodeImages([picture], "png", 100, 1)[0]!);
  const classes = Array.from(batch.indices.subarray(0, shown), (index) => {
    return dataset.classes[dataset.labels[index] ?? -1] ?? "";
  });
  return { file: basename(path), width: picture.width, height: picture.height, classes };
}

/** tiles [n, V, 3, S, S], normalized floats, in reading order. */
function grid(
  tiles: Tensor,
  { count, columns, mean, std }: { count: number; columns: number } & Shown["data"],
): RgbImage {
  const values = tiles.to({ dtype: "float32" }).toArray() as Float32Array;
  const side = tiles.shape.at(-1)!;
  const factor = Math.max(1, Math.round(SHOWN_SIDE / side));
  const pitch = side * factor + GAP;
  const width = columns * pitch + GAP;
  const height = Math.ceil(count / columns) * pitch + GAP;
  const pixels = new Uint8Array(width * height * 3).fill(GAP_GRAY);
  for (let tile = 0; tile < count; tile += 1) {
    const left = GAP + (tile % columns) * pitch;
    const top = GAP + Math.floor(tile / columns) * pitch;
    for (let y = 0; y < side * factor; y += 1)
      for (let x = 0; x < side * factor; x += 1) {
        const to = 3 * ((top + y) * width + left + x);
        const from = Math.floor(y / factor) * side + Math.floor(x / factor);
        for (let channel = 0; channel < 3; channel += 1) {
          const value = values[(3 * tile + channel) * side * side + from]!;
          pixels[to + channel] = byte(value * std[channel]! + mean[channel]!);
        }
      }
  }
  return { pixels, width, height };
}

function byte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(255 * value)));
}
