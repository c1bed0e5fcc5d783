import type { Split } from "../dataset.js";

/** What is reported before a training's first step. */
export type CacheReport =
  CacheProgress | InspectionProgress | { readonly type: "warning" | "note"; readonly message: string };

export interface CacheProgress {
  readonly type: "cache";
  /** What is kept of each image: what it is decoded to, unless said otherwise. */
  readonly what?: "features";
  readonly split: Split;
  /** Images that are cached, of `total`. */
  readonly images: number;
  readonly total: number;
  /** Bytes of the images that are cached. */
  readonly bytes: number;
}

/** What is reported while images are looked at: all of them are, where some may be damaged or test images are chosen. */
export interface InspectionProgress {
  readonly type: "inspection";
  /** Images that were looked at, of `total`. */
  readonly images: number;
  readonly total: number;
}

export interface CacheListener {
  readonly report?: (report: CacheReport) => void;
  /** Ends the filling; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}
