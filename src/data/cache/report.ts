import type { Split } from "../dataset.js";

/** What the making of a cache tells. */
export type CacheReport = CacheProgress | { readonly type: "warning"; readonly message: string };

export interface CacheProgress {
  readonly type: "cache";
  readonly split: Split;
  /** Done, of `total`. */
  readonly images: number;
  readonly total: number;
  /** Of the images that are done. */
  readonly bytes: number;
}

export interface CacheListener {
  readonly report?: (report: CacheReport) => void;
  /** Ends the making: its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}
