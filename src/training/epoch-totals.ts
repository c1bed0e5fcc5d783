import type { StepOutcome } from "./step.js";

/** Means over the images of an epoch so far. */
interface EpochMeans {
  readonly loss: number;
  readonly parts: Record<string, number>;
  /** Percent. */
  readonly accuracy: number;
  readonly imagesPerSecond: number;
  readonly seconds: number;
}

/** Adds up the steps of one epoch. */
export class EpochTotals {
  private readonly started = performance.now();
  private images = 0;
  private right = 0;
  private loss = 0;
  private readonly parts = new Map<string, number>();

  add({ loss, parts, right }: StepOutcome, images: number): void {
    this.images += images;
    this.right += right;
    this.loss += loss * images;
    for (const [name, value] of Object.entries(parts))
      this.parts.set(name, (this.parts.get(name) ?? 0) + value * images);
  }

  means(): EpochMeans {
    const seconds = (performance.now() - this.started) / 1000;
    const parts = [...this.parts].map(([name, total]) => [name, total / this.images] as const);
    return {
      loss: this.loss / this.images,
      parts: Object.fromEntries(parts),
      accuracy: (100 * this.right) / this.images,
      imagesPerSecond: this.images / seconds,
      seconds,
    };
  }
}
