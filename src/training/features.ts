import { createHash } from "node:crypto";
import { join } from "node:path";
import { waitForLock } from "../data/cache/disk-cache.js";
import { isFixedPipeline } from "../data/cache/open-loader.js";
import type { CacheListener } from "../data/cache/report.js";
import type { Dataset } from "../data/dataset.js";
import { contentHashes } from "../data/features/content.js";
import { FeatureStore } from "../data/features/feature-store.js";
import { Loader } from "../data/loader/loader.js";
import { inOrder } from "../data/samplers/sampler.js";
import { subset } from "../data/subset.js";
import { decoderVersion } from "../data/vision.js";
import { Ensemble } from "../models/ensemble.js";
import type { ResolvedRecipe, TransformSpec } from "../recipes/schema.js";
import { CheckpointError, LongtailError } from "../support/errors.js";
import { makeFolder, userCacheFolder } from "../support/paths.js";
import { cat } from "../torch/operators.generated.js";
import { keep, scope } from "../torch/scope.js";
import { getKernels } from "../torch/settings.js";
import type { Tensor } from "../torch/tensor.js";
import { eachBatch } from "./each-batch.js";
import type { TrainingPhase } from "./phases.js";
import type { Trainee } from "./trainee.js";

/**
 * Images that a frozen network sees at once. Always as many, so that an image's features are the same bits whichever others
 * are computed with it.
 */
const BATCH = 32;

/** Of native/kernels and of what it decides to compute: another number for other bits. */
const KERNELS_VERSION = 3;

/** What of a training decides its features. */
export interface Frozen {
  /** The phase's. */
  readonly recipe: ResolvedRecipe;
  readonly phase: Pick<TrainingPhase, "startsPretrained">;
  readonly device: string;
  readonly trainee: Pick<Trainee, "method">;
}

/** Features of a data set's images after fixed transforms, [N · features]. */
export type Features = (dataset: Dataset, transforms: readonly TransformSpec[]) => Promise<Float32Array>;

/**
 * Features that can stand for the images of a training: its backbones are frozen, batch norm's statistics too, all of them
 * have the same weights, and an image is prepared the same way every time. They are computed once for each image, kept in
 * the user's cache by the images' content, and training is a matter of seconds. Null where a step must see the images.
 */
export function frozenFeatures(training: Frozen, listener: CacheListener): FrozenFeatures | null {
  const { recipe, phase, trainee } = training;
  const { freezeBackbone, freezeBatchNorm, pretrained, data, evaluation } = recipe;
  const { model, views } = trainee.method;
  const isFixed =
    freezeBackbone &&
    freezeBatchNorm &&
    evaluation.fiveCrops === null &&
    data.mix === null &&
    views.length === 1 &&
    isFixedPipeline(data.train);
  if (!isFixed || !isFixedPipeline(data.test) || pretrained === null || !phase.startsPretrained) return null;
  if (!(model instanceof Ensemble) || !model.hasEqualBackbones) return null;
  return new FrozenFeatures(training, model, listener);
}

export class FrozenFeatures {
  readonly #training: Frozen;
  readonly #model: Ensemble;
  readonly #listener: CacheListener;
  readonly #weights: string;

  constructor(training: Frozen, model: Ensemble, listener: CacheListener) {
    this.#training = training;
    this.#model = model;
    this.#listener = listener;
    this.#weights = weightsHash(model);
  }

  /**
   * Features of a data set's images, from the cache as far as they are there; what is computed goes into it at once, so that
   * an interrupted computation goes on where it stopped.
   * @throws DataError for an image that cannot be read; LongtailError for a full disk; the signal's reason.
   */
  readonly of: Features = async (dataset, transforms) => {
    const key = this.#key(transforms);
    const folder = join(userCacheFolder(), "features");
    const path = join(folder, `${key.slice(0, 32)}.features`);
    makeFolder(folder);
    const { report, signal } = this.#listener;
    using _lock = await waitForLock(`${path}.lock`, this.#listener);
    const size = this.#model.backbones[0]!.features;
    using store = new FeatureStore(path, { key, features: size });
    const hashes = await contentHashes(dataset, signal);
    const values = new Float32Array(dataset.size * size);
    const take = (index: number): boolean => {
      const found = store.get(hashes[index]!);
      if (found !== undefined) values.set(found, index * size);
      return found !== undefined;
    };
    const absent = Array.from(hashes.keys()).filter((index) => !take(index));
    const missing = [...new Map(absent.map((index) => [hashes[index]!, index])).values()].sort(
      (a, b) => a - b,
    );
    if (missing.length > 0) await this.#compute(dataset, { missing, hashes, transforms, store });
    report?.({
      type: "cache",
      what: "features",
      split: dataset.split,
      images: dataset.size,
      total: dataset.size,
      bytes: 4 * size * dataset.size,
    });
    if (!absent.every(take))
      throw new LongtailError(
        `${path}: expected the features that were written just now, found others; delete the file and run this again.`,
      );
    return values;
  };

  /** Features of each of several views of a data set's images; see `of`. */
  async ofViews(dataset: Dataset, views: readonly (readonly TransformSpec[])[]): Promise<Float32Array[]> {
    const found: Float32Array[] = [];
    for (const transforms of views) found.push(await this.of(dataset, transforms));
    return found;
  }

  /** @throws CheckpointError when the network has other weights than those that the features are of. */
  assertCurrent(): void {
    if (weightsHash(this.#model) === this.#weights) return;
    throw new CheckpointError(
      "the checkpoint's backbone is not the one of pretrained, whose features were computed; a frozen backbone is continued " +
        "from the weights that it started with. Set pretrained.file to them, or freezeBatchNorm=false to train without features.",
    );
  }

  /** Of everything that decides an image's features but for its content. */
  #key(transforms: readonly TransformSpec[]): string {
    const { backbone, data } = this.#training.recipe;
    const { imageSize, mean, std, decode } = data;
    const kernels = `${getKernels()}-${KERNELS_VERSION}`;
    const of = { backbone, transforms, imageSize, mean, std, decode, jpeg: decoderVersion(), kernels };
    return createHash("sha256")
      .update(`${this.#weights}\n${JSON.stringify(of)}`)
      .digest("hex");
  }

  async #compute(dataset: Dataset, { missing, hashes, transforms, store }: Computation): Promise<void> {
    const { recipe, device } = this.#training;
    const { report, signal } = this.#listener;
    using loader = new Loader({
      ...recipe.data,
      dataset: subset(dataset, missing),
      transforms,
      mix: null,
      batch: BATCH,
      sampler: inOrder(missing.length),
      dropLast: false,
      seed: recipe.seed,
      memoryFormat: recipe.memoryFormat,
      device,
    });
    const there = dataset.size - missing.length;
    let done = 0;
    await eachBatch(this.#model, { images: loader, signal }, (batch) => {
      const { values, count } = this.#featuresOf(batch.images);
      store.append(
        missing.slice(done, done + count).map((index) => hashes[index]!),
        values,
      );
      done += count;
      report?.({
        type: "cache",
        what: "features",
        split: dataset.split,
        images: Math.min(there + done, dataset.size - 1), // the last report is of all
        total: dataset.size,
        bytes: values.byteLength * (done / count),
      });
    });
    store.sync();
  }

  #featuresOf(images: Tensor): { readonly values: Float32Array; readonly count: number } {
    const [count = 0] = images.shape;
    const features = this.#model.featuresOf(0, filled(images, count));
    return { values: features.narrow(0, 0, count).to({ dtype: "float32" }).toArray() as Float32Array, count };
  }
}

interface Computation {
  /** Images of the dataset to compute. */
  readonly missing: readonly number[];
  /** Of all images of the dataset. */
  readonly hashes: readonly string[];
  readonly transforms: readonly TransformSpec[];
  readonly store: FeatureStore;
}

/** The images with as many copies of the first one as make a batch. */
function filled(images: Tensor, count: number): Tensor {
  if (count === BATCH) return images;
  using _ = scope();
  const first = images.narrow(0, 0, 1);
  const all = cat([images, ...Array.from({ length: BATCH - count }, () => first)]);
  return keep(all.to({ memoryFormat: images.isChannelsLast ? "channels_last" : "contiguous" }));
}

function weightsHash({ trunk, backbones }: Ensemble): string {
  const hash = createHash("sha256");
  const states = [trunk?.stateDict() ?? new Map<string, Tensor>(), backbones[0]!.stateDict()];
  for (const [name, tensor] of states.flatMap((state) => [...state])) {
    using _ = scope();
    const values = tensor.toArray();
    hash.update(`${name}\n`).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex");
}
