import { rmSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { TransformSpec } from "../../recipes/schema.js";
import { coresHere } from "../../support/cores.js";
import { DataError, UsageError } from "../../support/errors.js";
import { empty, tensor } from "../../torch/create.js";
import type { MemoryFormat } from "../../torch/dispatch.js";
import { keep, scope } from "../../torch/scope.js";
import { SideStream } from "../../torch/streams.js";
import { Tensor } from "../../torch/tensor.js";
import type { Dataset } from "../dataset.js";
import { splitForDevice, transformOnDevice, type DeviceTransform } from "./device-transforms.js";
import { mixImages, planMix, type Mix } from "./mix.js";
import { imageError } from "../image-error.js";
import { type DecodedPixels, PATIENCE_MS, vision } from "../vision.js";
import { Normalization } from "./normalization.js";
import { planEpoch, type Shard } from "./epoch-plan.js";
import { transformsAt } from "./transforms-at.js";
import type { Sampler } from "../samplers/sampler.js";

/** Every image is part one, by `share`, and part another of the batch. */
export interface Mixed {
  /** int64 [N]: the other's labels */
  readonly labels: Tensor;
  readonly share: number;
}

export interface Batch {
  /** float32 [V·N, 3, S, S], normalized: all images' first view, then their second, and so on */
  readonly images: Tensor;
  /** int64 [N] */
  readonly labels: Tensor;
  /** [N]: which images of the dataset these are; of mixed ones the first */
  readonly indices: Int32Array;
  /** Images of the whole batch, those of other processes too. */
  readonly total: number;
  /** Null where images were not mixed. */
  readonly mixed: Mixed | null;
}

/** What makes the batches of a split: a loader, or features that were computed before. */
export interface BatchSource extends Disposable {
  readonly stepsPerEpoch: number;
  /** The batches of an epoch (0-based) from a step on; see Loader.epoch. */
  epoch(epoch: number, options?: { fromStep?: number }): Generator<Batch, void, undefined>;
  /** Waits, while the event loop runs, until the next batch is there; see Loader.ready. */
  ready(signal?: AbortSignal): Promise<void>;
}

export interface LoaderOptions {
  readonly dataset: Dataset;
  /** The images as a cache holds them, in place of the dataset's own. */
  readonly decoded?: DecodedPixels;
  readonly transforms: readonly TransformSpec[];
  /** What is done to an image for each further view of it; none unless given. */
  readonly moreViews?: readonly (readonly TransformSpec[])[];
  /** Side of the square that the transforms must end with. */
  readonly imageSize: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Images of a step, of all processes together. */
  readonly batch: number;
  readonly sampler: Sampler;
  /** The part of each batch that this process makes; all of it unless given. */
  readonly shard?: Shard;
  readonly dropLast: boolean;
  /** Of the transforms. */
  readonly seed: number;
  /** "exact" unless given; see data.decode. */
  readonly decode?: "exact" | "reduced";
  /** Threads that read and transform images; 0 chooses. */
  readonly workers: number;
  readonly memoryFormat: MemoryFormat;
  /** Where batches go, "cpu" unless given: they travel as bytes and become floats there. */
  readonly device?: string;
  /**
   * Who does the transforms at the pipelines' end that a device can do to a whole batch (device-transforms.ts): the threads
   * that make images, or the device, as a GPU does unless given. The images are the same.
   */
  readonly augmentation?: "threads" | "device";
  /** Mixes images of a batch with one another; null or not given: none. Needs a single view. */
  readonly mix?: Mix | null;
  /** First epoch that is asked for, and the steps of the run before it: a step of a run has a number of its own. 0 unless given. */
  readonly firstEpoch?: number;
  readonly stepsBefore?: number;
  /** Epochs that there will be, for transforms that change over them; 1 unless given. */
  readonly epochs?: number;
}

/** A batch as the threads made it. */
interface MadeBytes {
  readonly bytes: Tensor; // uint8 [V·N, 3, S, S], channels_last
  readonly drawn: Tensor | null; // int32 [V·N, numbers]: what its device is to do; null: nothing
}

/** One process makes everything. */
const ALONE: Shard = { rank: 0, worldSize: 1 };
/** Batches that may be ready or in the making before they are asked for. */
const BATCHES_AHEAD = 4;
const MAX_WORKERS = 8;

interface BegunEpoch {
  readonly epoch: number;
  readonly fromStep: number;
  /** This process's images of each batch. */
  readonly pieces: readonly Int32Array[];
  readonly turn: number;
}

/**
 * Makes batches of a dataset, ahead of time, on native threads. This side plans (sampler, epoch), the threads produce;
 * every byte depends on seed, epoch, draw and view alone, so that any number of threads or processes gives the same
 * batches and a run can go on in the middle of an epoch.
 */
export class Loader implements BatchSource {
  readonly stepsPerEpoch: number;
  readonly #options: LoaderOptions;
  readonly #normalization: Normalization;
  /** Where batches are copied to the device and made ready, while it is still at the step before. */
  readonly #stream: SideStream;
  #producer: number;
  /** The views that the producer makes, as text. */
  #made: string;
  /** Of each view, what threads do to an image, before the epoch changes it. */
  readonly #onThreads: readonly (readonly TransformSpec[])[];
  /** Of each view, what is left to do where the batch is. */
  readonly #onDevice: readonly (readonly DeviceTransform[])[];
  /** Counts epochs begun: a newer one ends the older. */
  #turn = 0;

  constructor(options: LoaderOptions) {
    const { transforms, moreViews = [], device = "cpu", firstEpoch = 0 } = options;
    const { augmentation = device.startsWith("cuda") ? "device" : "threads" } = options;
    const views = [transforms, ...moreViews].map((view) =>
      augmentation === "device" ? splitForDevice(view, options) : { first: view, onDevice: [] },
    );
    this.#onDevice = views.map(({ onDevice }) => onDevice);
    this.#onThreads = views.map(({ first }) => first);
    this.#options = options;
    this.stepsPerEpoch = stepsPerEpoch(options);
    const now = this.#viewsAt(firstEpoch);
    this.#made = JSON.stringify(now);
    this.#producer = this.#openProducer(now);
    this.#normalization = new Normalization(options);
    this.#stream = new SideStream(device);
  }

  #openProducer(views: readonly (readonly TransformSpec[])[]): number {
    const { dataset, decoded, imageSize, seed, decode, workers, device = "cpu" } = this.#options;
    return vision().openProducer({
      pixels: decoded ?? dataset.pixels,
      views,
      drawn: this.#onDevice,
      size: imageSize,
      seed,
      threads: workerThreads(workers),
      prefetch: BATCHES_AHEAD,
      reduce: decode === "reduced",
      pinned: device.startsWith("cuda"),
      normalizer: null,
    });
  }

  /** What the threads do for each view in an epoch. */
  #viewsAt(epoch: number): readonly (readonly TransformSpec[])[] {
    const { firstEpoch = 0, epochs = 1 } = this.#options;
    return this.#onThreads.map((view) => transformsAt(view, { epoch: epoch - firstEpoch, epochs }));
  }

  /** Opens another producer where an epoch's transforms are not those of the one before. */
  #follow(epoch: number): void {
    const views = this.#viewsAt(epoch);
    const wanted = JSON.stringify(views);
    if (wanted === this.#made) return;
    vision().closeProducer(this.#producer);
    this.#producer = this.#openProducer(views);
    this.#made = wanted;
  }

  /**
   * The batches of an epoch (0-based) from a step on, or this process's part of each. Their tensors belong to the scope
   * that is open at next(). Leaving early (break, throw, return) drops what was made ahead; beginning another epoch ends
   * this one.
   * @throws DataError from next() when an image cannot be read; it names the file.
   */
  epoch(epoch: number, { fromStep = 0 }: { fromStep?: number } = {}): Generator<Batch, void, undefined> {
    const { sampler, batch, dataset, shard = ALONE } = this.#options;
    const turn = ++this.#turn;
    this.#follow(epoch);
    const steps = { from: fromStep, to: this.stepsPerEpoch };
    const plan = planEpoch({ sampler, epoch, batch, images: dataset.size, steps, shard });
    const { pieces, images, counts } = plan;
    vision().planBatches(this.#producer, {
      epoch,
      images,
      counts,
      batch: Math.max(1, pieces[0]?.length ?? 0),
    });
    return this.#batches({ epoch, fromStep, pieces, turn });
  }

  *#batches({ epoch, fromStep, pieces, turn }: BegunEpoch): Generator<Batch, void, undefined> {
    const { sampler, batch, firstEpoch = 0, stepsBefore = 0 } = this.#options;
    try {
      for (const [i, piece] of pieces.entries()) {
        if (turn !== this.#turn)
          throw new Error("Loader: this epoch was ended by a newer one or by dispose()");
        const total = Math.min(batch, sampler.size - (fromStep + i) * batch);
        yield {
          ...this.#next(piece, stepsBefore + (epoch - firstEpoch) * this.stepsPerEpoch + fromStep + i),
          total,
        };
      }
    } finally {
      if (turn === this.#turn) vision().cancelBatches(this.#producer);
    }
  }

  /**
   * Waits, while the event loop runs, until the next batch or its error is there, or the signal ended it: next() alone
   * waits in native code, where no signal handler runs.
   */
  async ready(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted && !vision().awaitBatch(this.#producer, PATIENCE_MS)) await setImmediate();
  }

  #next(indices: Int32Array, step: number): Omit<Batch, "total"> {
    const { dataset } = this.#options;
    using _ = scope();
    const { bytes, drawn } = indices.length > 0 ? this.#wait() : this.#nothing();
    const targets = tensor(BigInt64Array.from(indices, (index) => BigInt(dataset.labels[index] ?? 0)));
    return this.#stream.run(
      () => {
        const images = this.#normalization.apply(this.#onItsDevice(bytes, drawn));
        const labels = this.#sent(targets);
        return { images, labels, indices, mixed: this.#mix(images, labels, step) };
      },
      ({ images, labels, mixed }) => keep([images, labels, ...(mixed ? [mixed.labels] : [])]),
    );
  }

  /** Mixes images in place; of several processes, each those of its own part of the batch, by the same share. */
  #mix(images: Tensor, labels: Tensor, step: number): Mixed | null {
    const { mix = null, seed, imageSize } = this.#options;
    const plan = mix && planMix(mix, { seed, step, images: labels.size, side: imageSize });
    if (plan === null) return null;
    mixImages(images, plan);
    const partners = tensor(plan.partners, { device: labels.device });
    return { labels: labels.indexSelect(0, partners), share: plan.share };
  }

  /** Bytes as the threads made them → the same on the device, after what was left to do there. */
  #onItsDevice(bytes: Tensor, drawn: Tensor | null): Tensor {
    const sent = this.#sent(bytes);
    return drawn === null
      ? sent
      : transformOnDevice(sent, { views: this.#onDevice, drawn: this.#sent(drawn) });
  }

  /** On the device, or on its way there: nothing waits for a copy from pinned memory. */
  #sent(made: Tensor): Tensor {
    const { device = "cpu" } = this.#options;
    const pinned = device.startsWith("cuda") ? made.pinMemory() : made; // itself where it is already
    return pinned.toCopyIfNeeded({ device, nonBlocking: true });
  }

  /** This process's part of a batch with fewer images than processes. */
  #nothing(): MadeBytes {
    const { imageSize } = this.#options;
    const none = empty([0, 3, imageSize, imageSize], { dtype: "uint8" });
    return { bytes: none.to({ memoryFormat: "channels_last" }), drawn: null };
  }

  #wait(): MadeBytes {
    let made: ReturnType<ReturnType<typeof vision>["nextBatch"]>;
    try {
      while (made === undefined) made = vision().nextBatch(this.#producer, PATIENCE_MS);
    } catch (error) {
      const { decoded, dataset } = this.#options;
      const named = decoded === undefined ? error : cacheError(error, decoded);
      throw named === error ? withRemedy(imageError(error, dataset), dataset) : named;
    }
    return { bytes: new Tensor(made.images), drawn: made.drawn === null ? null : new Tensor(made.drawn) };
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    this.#turn++;
    vision().closeProducer(this.#producer);
    this.#normalization[Symbol.dispose]();
  }
}

/** What transforms say of an image that they cannot make the network's input of (native/vision). */
const OF_TRANSFORMS = /: (after its transforms|[a-z-]+-crop:) expected /;

/** What to do about an image that cannot be decoded, or that the transforms do not suit. */
function withRemedy(error: unknown, { kind }: Pick<Dataset, "kind">): unknown {
  if (!(error instanceof DataError)) return error;
  if (OF_TRANSFORMS.test(error.message))
    return new DataError(
      `${error.message} (data.train and data.test have to bring every image to data.imageSize: a resize and a crop do)`,
      { cause: error },
    );
  if (kind === "memory") return error;
  return new DataError(
    `${error.message} (--no-strict, data.strict=false, leaves such images out; \`longtail data check\` names all of them)`,
    { cause: error },
  );
}

/** An error about a file of cached images; the file is removed, so that the next start makes it anew. */
function cacheError(error: unknown, { path }: DecodedPixels): unknown {
  if (!(error instanceof DataError) || !error.message.startsWith(`${path}: `)) return error;
  rmSync(path, { force: true });
  return new DataError(
    `${error.message}. The cache is removed: the next start (train --resume) caches the images anew.`,
    { cause: error },
  );
}

/** Threads that read and transform images in this process, where the recipe asks for `workers`; 0 chooses. */
export function workerThreads(workers: number): number {
  return workers || Math.min(coresHere(), MAX_WORKERS);
}

/** Steps of an epoch of `size` draws. */
export function countSteps(
  size: number,
  { batch, dropLast }: Pick<LoaderOptions, "batch" | "dropLast">,
): number {
  return Math[dropLast ? "floor" : "ceil"](size / batch);
}

/** @throws DataError, UsageError where there is no image for a batch, or for each process. */
export function stepsPerEpoch({ dataset, sampler, batch, dropLast, shard = ALONE }: LoaderOptions): number {
  if (batch < shard.worldSize)
    throw new UsageError(
      `data.batch: expected an image for each of the ${shard.worldSize} processes, found ${batch}.`,
    );
  const steps = countSteps(sampler.size, { batch, dropLast });
  if (steps > 0) return steps;
  throw new DataError(
    `${dataset.root}: expected at least one batch of ${batch} images (dropLast leaves out a smaller one), found ${sampler.size}.`,
  );
}
