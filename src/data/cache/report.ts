import type { Split } from "../dataset.js";

/** What is reported while a cache is filled. */
export type CacheReport = CacheProgress | { readonly type: "warning"; readonly message: string };

export interface CacheProgress {
  readonly type: "cache";
  readonly split: Split;
  /** Images that are cached, of `total`. */
  readonly images: number;
  readonly total: number;
  /** Bytes of the images that are cached. */
  readonly bytes: number;
}

export interface CacheListener {
  readonly report?: (report: CacheReport) => void;
  /** Ends the filling; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}
