import { tensor } from "../../torch/create.js";
import { cat } from "../../torch/operators.generated.js";
import { dispose, keep, keepForever, scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import { planEpoch } from "../loader/epoch-plan.js";
import { type Batch, type BatchSource, type LoaderOptions, stepsPerEpoch } from "../loader/loader.js";

/**
 * Batches of features in place of images: those that a loader with the same options would make and a network that never
 * changes would turn into features, image by image. `images` of a batch are [N, features]. Of several views of an image an epoch takes
 * one, the next epoch the next one.
 */
export class FeatureBatches implements BatchSource {
  readonly stepsPerEpoch: number;
  readonly #options: LoaderOptions;
  readonly #views: number;
  readonly #features: Tensor; // [views · images of the dataset, features]

  /** @param views of each [images of the dataset · features], in the order of the dataset. */
  constructor(options: LoaderOptions, views: readonly Float32Array[]) {
    const { dataset, device = "cpu" } = options;
    this.#options = options;
    this.#views = views.length;
    this.stepsPerEpoch = stepsPerEpoch(options);
    using _ = scope();
    const tensors = views.map((features) =>
      tensor(features, { shape: [dataset.size, features.length / dataset.size], device }),
    );
    this.#features = keepForever(tensors.length === 1 ? tensors[0]! : cat(tensors));
  }

  *epoch(epoch: number, { fromStep = 0 }: { fromStep?: number } = {}): Generator<Batch, void, undefined> {
    const { sampler, batch, dataset, shard = { rank: 0, worldSize: 1 } } = this.#options;
    const steps = { from: fromStep, to: this.stepsPerEpoch };
    const { pieces } = planEpoch({ sampler, epoch, batch, images: dataset.size, steps, shard });
    for (const [i, piece] of pieces.entries()) {
      const total = Math.min(batch, sampler.size - (fromStep + i) * batch);
      yield { ...this.#select(piece, epoch), indices: piece, total, mixed: null };
    }
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  #select(indices: Int32Array, epoch: number): Pick<Batch, "images" | "labels"> {
    using _ = scope();
    const { dataset, device = "cpu" } = this.#options;
    const ofClass = BigInt64Array.from(indices, (index) => BigInt(dataset.labels[index] ?? 0));
    const rows = indices.map((index) => index + dataset.size * ((epoch + index) % this.#views));
    const images = this.#features.indexSelect(0, tensor(rows, { device }));
    const labels = tensor(ofClass, { device });
    keep([images, labels]);
    return { images, labels };
  }

  [Symbol.dispose](): void {
    dispose(this.#features);
  }
}
