import { type Dataset, pathsOf, type SplitFolder } from "../../data/dataset.js";
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

/** Splits that are checked, in this order. */
export const SPLITS = ["train", "validation", "test"] as const satisfies readonly SplitFolder[];

/** The splits that could be opened. */
export type CheckedData = Partial<Record<SplitFolder, CheckedSplit>>;

/** All images, the training ones first. */
export function* allImages(data: CheckedData): Generator<CheckedImage> {
  for (const split of SPLITS) {
    const { dataset, inspections = [] } = data[split] ?? {};
    const paths = dataset === undefined ? null : pathsOf(dataset);
    for (const [index, inspection] of inspections.entries()) {
      const path = paths?.[index] ?? null;
      yield { ref: { split, index }, label: dataset?.labels[index] ?? 0, path, inspection };
    }
  }
}
