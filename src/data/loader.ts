import { availableParallelism } from "node:os";
import type { TransformSpec } from "../recipes/schema.js";
import { DataError } from "../support/errors.js";
import { tensor } from "../torch/create.js";
import type { MemoryFormat } from "../torch/dispatch.js";
import { keep, scope } from "../torch/scope.js";
import { Tensor } from "../torch/tensor.js";
import type { Dataset } from "./dataset.js";
import { Normalization } from "./normalization.js";
import { epochOrder } from "./order.js";
import { vision } from "./vision.js";

export interface Batch {
  /** float32 [V·N, 3, S, S], normalised: all images' first view, then their second, and so on */
  readonly images: Tensor;
  /** int64 [N] */
  readonly labels: Tensor;
  /** [N]: which images of the dataset these are */
  readonly indices: Int32Array;
}

export interface LoaderOptions {
  readonly dataset: Dataset;
  readonly transforms: readonly TransformSpec[];
  /** What is done to an image for each further view of it; none unless given. */
  readonly moreViews?: readonly (readonly TransformSpec[])[];
  /** Side of the square that the transforms must end with. */
  readonly imageSize: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly batch: number;
  readonly shuffle: boolean;
  readonly dropLast: boolean;
  readonly seed: number;
  /** Threads that read and transform images; 0 chooses. */
  readonly workers: number;
  readonly memoryFormat: MemoryFormat;
}

/** Batches that may be ready or in the making before they are asked for. */
const BATCHES_AHEAD = 4;
const MOST_WORKERS = 8;
/** Waiting is cut into slices, between which a worker thread can be terminated. */
const PATIENCE_MS = 100;

/**
 * Makes batches of a dataset, ahead of time, on native threads. This side plans (order, epoch), the threads produce;
 * every byte depends on seed, epoch, image and view alone, so that any number of threads gives the same batches and a run can
 * go on in the middle of an epoch.
 */
export class Loader implements Disposable {
  readonly stepsPerEpoch: number;
  readonly #options: LoaderOptions;
  readonly #normalization: Normalization;
  readonly #producer: number;
  /** Counts epochs begun: a newer one ends the older. */
  #turn = 0;

  constructor(options: LoaderOptions) {
    const { dataset, transforms, moreViews = [], imageSize, batch, dropLast, seed, workers } = options;
    this.#options = options;
    this.stepsPerEpoch = Math[dropLast ? "floor" : "ceil"](dataset.size / batch);
    if (this.stepsPerEpoch === 0) {
      throw new DataError(
        `${dataset.root}: expected at least one batch of ${batch} images (dropLast leaves out a smaller one), found ${dataset.size}.`,
      );
    }
    this.#producer = vision().openProducer({
      pixels: dataset.pixels,
      views: [transforms, ...moreViews],
      size: imageSize,
      seed,
      threads: workers || Math.min(availableParallelism(), MOST_WORKERS),
      ahead: BATCHES_AHEAD,
    });
    this.#normalization = new Normalization({ ...options, size: imageSize });
  }

  /**
   * The batches of an epoch (0-based) from a step on. Their tensors belong to the scope that is open at next(). Leaving
   * early (break, throw, return) drops what was made ahead; beginning another epoch ends this one.
   * @throws DataError from next() when an image cannot be read; it names the file.
   */
  *epoch(epoch: number, { fromStep = 0 }: { fromStep?: number } = {}): Generator<Batch, void, undefined> {
    const { dataset, batch, shuffle, seed } = this.#options;
    const turn = ++this.#turn;
    const order = epochOrder({ size: dataset.size, shuffle, seed, epoch });
    const planned = order.subarray(fromStep * batch, this.stepsPerEpoch * batch);
    vision().planBatches(this.#producer, epoch, planned, batch);
    try {
      for (let start = 0; start < planned.length; start += batch) {
        if (turn !== this.#turn)
          throw new Error("Loader: this epoch was ended by a newer one or by dispose()");
        yield this.#next(planned.slice(start, start + batch));
      }
    } finally {
      if (turn === this.#turn) vision().cancelBatches(this.#producer);
    }
  }

  #next(indices: Int32Array): Batch {
    const { labels } = this.#options.dataset;
    using _ = scope();
    const images = keep(this.#normalization.apply(this.#wait()));
    const targets = BigInt64Array.from(indices, (index) => BigInt(labels[index] ?? 0));
    return { images, labels: keep(tensor(targets)), indices };
  }

  /** uint8 [V·N, 3, S, S], channels_last */
  #wait(): Tensor {
    let handle: number | undefined;
    while (handle === undefined) handle = vision().nextBatch(this.#producer, PATIENCE_MS);
    return new Tensor(handle);
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    this.#turn++;
    vision().closeProducer(this.#producer);
    this.#normalization[Symbol.dispose]();
  }
}
