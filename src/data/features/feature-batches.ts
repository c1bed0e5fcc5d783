import { tensor } from "../../torch/create.js";
import { dispose, keep, keepForever, scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import { planEpoch } from "../loader/epoch-plan.js";
import { type Batch, type BatchSource, type LoaderOptions, stepsPerEpoch } from "../loader/loader.js";

/**
 * Batches of features in place of images: those that a loader with the same options would make and a network that never
 * changes would turn into features, image by image. `images` of a batch are [N, features].
 */
export class FeatureBatches implements BatchSource {
  readonly stepsPerEpoch: number;
  readonly #options: LoaderOptions;
  readonly #features: Tensor; // [images of the dataset, features]

  /** @param features [images of the dataset · features], in the order of the dataset. */
  constructor(options: LoaderOptions, features: Float32Array) {
    const { dataset, device = "cpu" } = options;
    this.#options = options;
    this.stepsPerEpoch = stepsPerEpoch(options);
    using _ = scope();
    const shape = [dataset.size, features.length / dataset.size];
    this.#features = keepForever(tensor(features, { shape, device }));
  }

  *epoch(epoch: number, { fromStep = 0 }: { fromStep?: number } = {}): Generator<Batch, void, undefined> {
    const { sampler, batch, dataset, shard = { rank: 0, worldSize: 1 } } = this.#options;
    const steps = { from: fromStep, to: this.stepsPerEpoch };
    const { pieces } = planEpoch({ sampler, epoch, batch, images: dataset.size, steps, shard });
    for (const [i, piece] of pieces.entries()) {
      const total = Math.min(batch, sampler.size - (fromStep + i) * batch);
      yield { ...this.#select(piece), indices: piece, total, mixed: null };
    }
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  #select(indices: Int32Array): Pick<Batch, "images" | "labels"> {
    using _ = scope();
    const { dataset, device = "cpu" } = this.#options;
    const ofClass = BigInt64Array.from(indices, (index) => BigInt(dataset.labels[index] ?? 0));
    const images = this.#features.indexSelect(0, tensor(indices, { device }));
    const labels = tensor(ofClass, { device });
    keep([images, labels]);
    return { images, labels };
  }

  [Symbol.dispose](): void {
    dispose(this.#features);
  }
}
