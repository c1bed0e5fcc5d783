import type { SplitFolder } from "../../data/dataset.js";
import type { FindingKind, Severity } from "./finding-kinds.js";

/** An image of a split. */
export interface ImageRef {
  readonly split: SplitFolder;
  readonly index: number;
}

/** One thing that was found: a single image, images that belong together, a class. */
export interface FindingItem {
  readonly images: readonly ImageRef[];
  /** What is special about it: "6 x 4 pixels", or a class's name. */
  readonly text: string;
}

/** Everything that was found of one kind. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly title: string;
  /** What it means and what to do about it. */
  readonly advice: string;
  readonly items: readonly FindingItem[];
}
