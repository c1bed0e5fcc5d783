import { thumbnailUrls } from "../../../data/thumbnails.js";
import type { ImageRef } from "../finding.js";
import { type CheckedData, SPLITS } from "../images.js";

/** Small pictures of images of all splits, as data URLs. */
export class Thumbnails {
  readonly #made = {
    train: new Map<number, string>(),
    validation: new Map<number, string>(),
    test: new Map<number, string>(),
  };

  /** Makes those of `refs`, on several threads. */
  constructor(data: CheckedData, refs: readonly ImageRef[], threads: number) {
    for (const split of SPLITS) {
      const dataset = data[split]?.dataset;
      const indices = refs.filter((ref) => ref.split === split).map(({ index }) => index);
      if (dataset !== undefined) this.#made[split] = thumbnailUrls(dataset, indices, { threads });
    }
  }

  /** Undefined for an image of which nothing can be decoded. */
  get({ split, index }: ImageRef): string | undefined {
    return this.#made[split].get(index);
  }
}
