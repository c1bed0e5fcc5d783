import type { Split } from "../../dataset.js";
import { subset } from "../../subset.js";
import { vision } from "../../vision.js";
import type { ImageRef } from "../finding.js";
import type { CheckedData } from "../images.js";

const SIDE = 160;

/** Small JPEG pictures of images, as data URLs. */
export class Thumbnails {
  readonly #made = new Map<string, string>();

  /** Makes those of `refs`, on several threads. */
  constructor(data: CheckedData, refs: readonly ImageRef[], threads: number) {
    for (const split of ["train", "test"] as const) {
      const indices = [...new Set(refs.filter((ref) => ref.split === split).map(({ index }) => index))];
      const dataset = data[split]?.dataset;
      if (dataset === undefined || indices.length === 0) continue;
      const files = vision().makeThumbnails(subset(dataset, indices).pixels, SIDE, threads);
      files.forEach((file, i) => {
        if (file)
          this.#made.set(key(split, indices[i]!), `data:image/jpeg;base64,${file.toString("base64")}`);
      });
    }
  }

  /** Undefined for an image of which nothing can be decoded. */
  get({ split, index }: ImageRef): string | undefined {
    return this.#made.get(key(split, index));
  }
}

function key(split: Split, index: number): string {
  return `${split} ${index}`;
}
