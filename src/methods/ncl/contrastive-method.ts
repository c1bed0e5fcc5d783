import { contrastiveLoss } from "./contrastive-loss.js";
import { assertNclOptions, ncl, type NclOptions } from "./loss.js";
import type { Targets } from "../ensemble/cross-entropy.js";
import type { ContrastiveEnsemble } from "../../models/moco.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { UsageError } from "../../support/errors.js";
import { tensor } from "../../torch/create.js";
import { Rng } from "../../torch/random.js";
import { streamOf } from "../../torch/random-streams.js";
import type { Tensor } from "../../torch/tensor.js";
import { BalancedMethod, joined, type TrainingClasses } from "../ensemble/experts-method.js";
import type { BatchPeers, Labelled, StepContext, StepResult, View } from "../ensemble/method.js";

/**
 * The order in which a step's key encoders see the images of all processes: a permutation of 0 … images − 1, the same in
 * each of them.
 */
export type Shuffle = (step: number, images: number) => Int32Array;

export interface ContrastiveOptions {
  weight: number;
  temperature: number;
}

/** A single process has the whole batch. */
const NO_PEERS: BatchPeers = { rank: 0, ranks: 1, gatherRows: (rows) => ({ rows, start: 0 }) };

/**
 * NCL, and for each expert a contrastive loss: the first view of an image, by the expert's features, is the query, the
 * second the key, and the queue's keys are of other images. Key encoders move after the forward and before the optimizer,
 * so they follow the weights of the step before, as in the reference; of a batch in parts, after the last part's. The
 * labels' losses see the first view alone. Of several processes each encodes a piece of the shuffled batch, and all
 * enqueue all keys in the batch's order, so that their queues stay the same.
 * Li et al., CVPR 2022; contrastive learning as He et al., CVPR 2020 (MoCo).
 */
export class NclContrastiveMethod extends BalancedMethod<ContrastiveEnsemble> {
  override readonly name = "ncl";
  override readonly views: readonly View[] = ["train", "second"];
  override readonly decidesAnew =
    "the order in which key encoders see the images, and where the queues are written";
  readonly #options: NclOptions & { contrastive: ContrastiveOptions };
  readonly #shuffle: Shuffle;
  readonly #peers: BatchPeers;

  /** @throws UsageError for more hard categories than classes, or options that exclude each other; DataError. */
  constructor(
    model: ContrastiveEnsemble,
    training: TrainingClasses,
    options: NclOptions & { contrastive: ContrastiveOptions; shuffle: Shuffle; peers?: BatchPeers },
  ) {
    assertNclOptions(options, training.classes.length);
    super(model, training);
    this.#options = options;
    this.#shuffle = options.shuffle;
    this.#peers = options.peers ?? NO_PEERS;
  }

  override step({ images, labels, lastPart = true }: Labelled, { step }: StepContext): StepResult {
    const [count] = labels.shape as [number];
    const features = this.model.features(images.narrow(0, 0, count));
    const logits = this.model.classify(features);
    const contrastive = this.#contrast(features, images.narrow(0, count, count), step);
    if (lastPart) this.model.moveKeyEncoders();
    return joined(logits, labels, { ...this.lossParts(logits, { labels }), contrastive });
  }

  protected override lossParts(logits: readonly Tensor[], { labels }: Targets): Record<string, Tensor> {
    return ncl(logits, labels, this.logCountsOn(labels), this.#options);
  }

  /** The weighted contrastive loss, summed over the experts; then this step's keys enter the queues. */
  #contrast(features: readonly Tensor[], keyImages: Tensor, step: number): Tensor {
    const { keys, start } = this.#keysOfAll(keyImages, step);
    const { weight, temperature } = this.#options.contrastive;
    const losses = this.model.queries(features).map((queries, k) => {
      const queue = this.model.queues[k]!;
      const own = keys[k]!.narrow(0, start, keyImages.shape[0]!);
      const loss = contrastiveLoss(queries, own, queue.keys.clone(), { temperature });
      queue.enqueue(keys[k]!);
      return loss;
    });
    return losses.reduce((sum, loss) => sum.add(loss)).mul(weight);
  }

  /** Keys of each expert for the images of all processes, [N, E], in the batch's order; this one's begin at `start`. */
  #keysOfAll(own: Tensor, step: number): { keys: Tensor[]; start: number } {
    const { rank, ranks } = this.#peers;
    const { rows: images, start } = this.#peers.gatherRows(own);
    const [total] = images.shape as [number];
    const shuffled = tensor(this.#shuffle(step, total)).to({ device: own.device });
    const restored = shuffled.argsort();
    const [from, to] = [rank, rank + 1].map((r) => Math.floor((r * total) / ranks)) as [number, number];
    const memoryFormat = own.isChannelsLast ? "channels_last" : "contiguous";
    const piece = images.indexSelect(0, shuffled.narrow(0, from, to - from)).to({ memoryFormat });
    const keys = this.model
      .keys(piece)
      .map((ofExpert) => this.#peers.gatherRows(ofExpert).rows.indexSelect(0, restored));
    return { keys, start };
  }
}

/** Shuffles by seed and step alone. */
export function seededShuffle(seed: number): Shuffle {
  return (step, images) => new Rng(seed, streamOf("keyOrder", step)).permutation(images);
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
