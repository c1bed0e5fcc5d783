import type { Dataset, Split } from "../../data/dataset.js";
import type { ImageRef } from "./finding.js";
import type { Inspection } from "../../data/inspection/inspection-cache.js";

/** An image of the data with all that is known of it. */
export interface CheckedImage {
  readonly ref: ImageRef;
  readonly label: number;
  /** Its file; null where it has none of its own. */
  readonly path: string | null;
  readonly inspection: Inspection;
}

/** A split and what was found out about each of its images, in the same order. */
export interface CheckedSplit {
  readonly dataset: Dataset;
  readonly inspections: readonly Inspection[];
}

/** The splits that could be opened: train before test. */
export type CheckedData = Partial<Record<Split, CheckedSplit>>;

/** All images, the training ones first. */
export function* allImages(data: CheckedData): Generator<CheckedImage> {
  for (const split of ["train", "test"] as const) {
    const { dataset, inspections = [] } = data[split] ?? {};
    for (const [index, inspection] of inspections.entries()) {
      const path = dataset?.pixels.kind === "files" ? (dataset.pixels.paths[index] ?? null) : null;
      yield { ref: { split, index }, label: dataset?.labels[index] ?? 0, path, inspection };
    }
  }
}
