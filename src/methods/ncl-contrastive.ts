import { contrastiveLoss } from "../losses/contrastive.js";
import { assertNclOptions, ncl, type NclOptions } from "../losses/ncl.js";
import type { Targets } from "../losses/targets.js";
import type { ContrastiveEnsemble } from "../models/contrastive-ensemble.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { UsageError } from "../support/errors.js";
import { tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import type { Tensor } from "../torch/tensor.js";
import { BalancedMethod, type TrainingClasses } from "./balanced-method.js";
import { joined } from "./experts-method.js";
import type { Labelled, StepResult, View } from "./method.js";

/** The order in which a step's key encoders see the images: a permutation of 0 … images − 1. */
export type Shuffle = (step: number, images: number) => Int32Array;

export interface ContrastiveOptions {
  weight: number;
  temperature: number;
}

/** Streams of random numbers from here on belong to the steps' shuffles; below lie the loader's orders and the weights. */
const SHUFFLE_STREAMS = 2 ** 33;

/**
 * NCL, and for each expert a contrastive loss: the first view of an image, by the expert's features, is the query, the
 * second the key, and the queue's keys are of other images. Key encoders move after the forward and before the optimizer,
 * so they follow the weights of the step before, as in the reference; of a batch in parts, after the last part's. The
 * labels' losses see the first view alone.
 * Li et al., CVPR 2022; contrastive learning as He et al., CVPR 2020 (MoCo).
 */
export class NclContrastiveMethod extends BalancedMethod<ContrastiveEnsemble> {
  override readonly name = "ncl";
  override readonly views: readonly View[] = ["train", "second"];
  readonly #options: NclOptions & { contrastive: ContrastiveOptions };
  readonly #shuffle: Shuffle;

  /** @throws UsageError for more hard categories than classes, or options that exclude each other; DataError. */
  constructor(
    model: ContrastiveEnsemble,
    training: TrainingClasses,
    options: NclOptions & { contrastive: ContrastiveOptions; shuffle: Shuffle },
  ) {
    assertNclOptions(options, training.classes.length);
    super(model, training);
    this.#options = options;
    this.#shuffle = options.shuffle;
  }

  override step({ images, labels, step = 0, lastPart = true }: Labelled): StepResult {
    const [count] = labels.shape as [number];
    const features = this.model.features(images.narrow(0, 0, count));
    const logits = this.model.classify(features);
    const order = this.#shuffle(step, count);
    const contrastive = this.#contrast(features, images.narrow(0, count, count), order);
    if (lastPart) this.model.moveKeyEncoders();
    return joined(logits, labels, { ...this.lossParts(logits, { labels }), contrastive });
  }

  protected override lossParts(logits: readonly Tensor[], { labels }: Targets): Record<string, Tensor> {
    return ncl(logits, labels, this.logCountsOn(labels), this.#options);
  }

  /** The weighted contrastive loss, summed over the experts; then this step's keys enter the queues. */
  #contrast(features: readonly Tensor[], keyImages: Tensor, order: Int32Array): Tensor {
    const shuffled = tensor(order).to({ device: keyImages.device });
    const restored = shuffled.argsort();
    const memoryFormat = keyImages.isChannelsLast ? "channels_last" : "contiguous";
    const keys = this.model
      .keys(keyImages.indexSelect(0, shuffled).to({ memoryFormat }))
      .map((ofExpert) => ofExpert.indexSelect(0, restored));
    const { weight, temperature } = this.#options.contrastive;
    const losses = this.model.queries(features).map((queries, k) => {
      const queue = this.model.queues[k]!;
      const loss = contrastiveLoss(queries, keys[k]!, queue.keys.clone(), { temperature });
      queue.enqueue(keys[k]!);
      return loss;
    });
    return losses.reduce((sum, loss) => sum.add(loss)).mul(weight);
  }
}

/** Shuffles by seed and step alone. */
export function seededShuffle(seed: number): Shuffle {
  return (step, images) => new Rng(seed, SHUFFLE_STREAMS + step).permutation(images);
}

/** @throws UsageError for a queue that a batch does not fit in, and for a second view that nothing looks at. */
export function assertContrastiveFits({ method, data }: Pick<ResolvedRecipe, "method" | "data">): void {
  const contrastive = method.kind === "ncl" ? method.contrastive : null;
  if (contrastive === null && data.secondView !== null)
    throw new UsageError("data.secondView: expected null without method.contrastive, found transforms");
  if (contrastive !== null && contrastive.queue < data.batch)
    throw new UsageError(
      `method.contrastive.queue: expected at least ${data.batch}, the images of a batch (data.batch), found ${contrastive.queue}`,
    );
}
