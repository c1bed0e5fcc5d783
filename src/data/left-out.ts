import { DataError } from "../support/errors.js";
import { oneLine } from "../support/text.js";

/**
 * Something in the data that is not used, and why.
 *
 * @example
 * const { leftOut = [] } = await openDataset({ kind: "csv", root: "photos", strict: false }, "train");
 * for (const { where, reason } of leftOut) console.log(`${where}: ${reason}`);
 */
export interface LeftOut {
  /** File, record or folder. */
  readonly where: string;
  readonly reason: string;
  /** Images that are not used because of it; 0 for a file that is no image. */
  readonly images: number;
}

/** Number of images that are not used. */
export function imagesLeftOut(leftOut: readonly LeftOut[] = []): number {
  return leftOut.reduce((sum, { images }) => sum + images, 0);
}

/** Collects what is left out of a dataset: when strict, the first record that cannot be used ends the reading. */
export class LeftOutRecords {
  readonly strict: boolean;
  readonly items: LeftOut[] = [];

  constructor({ strict }: { readonly strict: boolean }) {
    this.strict = strict;
  }

  /** Leaves out a record that should be usable, or `images` of them. @throws DataError when strict */
  report(where: string, reason: string, images = 1): void {
    const [place, why] = [oneLine(where), oneLine(reason)];
    if (this.strict) throw new DataError(`${place}: ${why} (--no-strict, data.strict=false, leaves it out)`);
    this.items.push({ where: place, reason: why, images });
  }

  /** Leaves out a file that is no image, such as notes beside the photographs: never an error. */
  pass(where: string, reason: string): void {
    this.items.push({ where: oneLine(where), reason: oneLine(reason), images: 0 });
  }
}
