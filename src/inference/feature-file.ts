import { fromBuffer } from "../torch/create.js";
import { writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";

/**
 * An image and what a network's classifiers see of it.
 *
 * @example
 * const row: ImageFeatures = { image: "photo.jpg", features };
 */
export interface ImageFeatures {
  readonly image: string;
  readonly features: Float32Array;
}

/**
 * Writes images' features as a safetensors file: `features`, float32 [N, D], and in the metadata `images`, a JSON list of the N
 * paths.
 * @throws LongtailError when the file cannot be written.
 */
export function writeFeatureFile(path: string, rows: readonly ImageFeatures[]): void {
  using _scope = scope();
  const length = rows[0]?.features.length ?? 0;
  const values = new Float32Array(rows.length * length);
  rows.forEach(({ features }, row) => {
    values.set(features, row * length);
  });
  const features = fromBuffer(values, [rows.length, length]);
  writeSafetensors(path, new Map([["features", features]]), {
    images: JSON.stringify(rows.map(({ image }) => image)),
  });
}
