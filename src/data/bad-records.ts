import { DataError } from "../support/errors.js";

/**
 * What was left out of a dataset because it was not usable.
 *
 * @example
 * const { skipped } = await openDataset({ kind: "csv", root: "photos", strict: false }, "train");
 * console.log(skipped?.count, skipped?.examples);
 */
export interface Skipped {
  readonly count: number;
  /** Of the first ones: where and what is wrong. */
  readonly examples: readonly string[];
}

const MAX_EXAMPLES = 10;

/** Takes complaints about single records: strict, the first one ends the reading; else they are counted. */
export class BadRecords implements Skipped {
  readonly strict: boolean;
  readonly examples: string[] = [];
  count = 0;

  constructor({ strict }: { readonly strict: boolean }) {
    this.strict = strict;
  }

  /** @throws DataError when strict */
  report(message: string): void {
    if (this.strict) {
      throw new DataError(`${message} (data.strict=false would leave such records out and count them)`);
    }
    this.count += 1;
    if (this.examples.length < MAX_EXAMPLES) this.examples.push(message);
  }
}
