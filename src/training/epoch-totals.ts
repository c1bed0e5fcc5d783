import { secondsSince } from "../support/units.js";
import type { StepOutcome } from "./step.js";

/** Means over the images of an epoch so far. */
interface EpochMeans {
  readonly loss: number;
  readonly parts: Record<string, number>;
  /** Percent. */
  readonly accuracy: number;
  /** Of the steps that this process ran. */
  readonly imagesPerSecond: number;
  readonly seconds: number;
}

/** Sums over an epoch's images, as a checkpoint in the middle of an epoch keeps them. */
export interface EpochSums {
  readonly images: number;
  readonly right: number;
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
}

const NOTHING: EpochSums = { images: 0, right: 0, loss: 0, parts: {} };

/** Adds up the steps of one epoch. */
export class EpochTotals {
  #sums: EpochSums;
  readonly #started = performance.now();
  readonly #imagesBefore: number;

  constructor(before: EpochSums = NOTHING) {
    this.#sums = before;
    this.#imagesBefore = before.images;
  }

  get sums(): EpochSums {
    return this.#sums;
  }

  add({ loss, parts, right }: StepOutcome, images: number): void {
    const { parts: known, ...sums } = this.#sums;
    const added = Object.entries(parts).map(
      ([name, value]) => [name, (known[name] ?? 0) + value * images] as const,
    );
    this.#sums = {
      images: sums.images + images,
      right: sums.right + right,
      loss: sums.loss + loss * images,
      parts: { ...known, ...Object.fromEntries(added) },
    };
  }

  means(): EpochMeans {
    const { images, right, loss, parts } = this.#sums;
    const seconds = secondsSince(this.#started);
    return {
      loss: loss / images,
      parts: Object.fromEntries(Object.entries(parts).map(([name, total]) => [name, total / images])),
      accuracy: (100 * right) / images,
      imagesPerSecond: (images - this.#imagesBefore) / seconds,
      seconds,
    };
  }
}
