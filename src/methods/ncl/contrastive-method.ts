import { chunkOf } from "../../support/math.js";
import { ContrastiveEnsemble, KeyQueue, type KeyOptions, Projection } from "../../models/moco.js";
import { tensor, zeros } from "../../torch/create.js";
import { Rng } from "../../torch/random.js";
import { streamOf } from "../../torch/random-streams.js";
import { keep } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import {
  buildExperts,
  type EnsembleRecipe,
  joinedWith,
  startingBackbone,
  weightsRng,
} from "../ensemble/build-ensemble.js";
import type { Targets } from "../ensemble/cross-entropy.js";
import type { BuildRecipe } from "../ensemble/define-method.js";
import { BalancedMethod, stepResult } from "../ensemble/experts-method.js";
import type {
  BatchPeers,
  Labeled,
  StepContext,
  StepResult,
  TrainingClasses,
  View,
} from "../ensemble/method.js";
import { ncl, type NclOptions } from "./loss.js";
import type { NclSchema } from "./schema.js";
import { cat } from "../../torch/operators.generated.js";

/**
 * The order in which a step's key encoders see the images of all processes: a permutation of 0 … images − 1, the same in
 * each of them.
 */
export type Shuffle = (step: number, images: number) => Int32Array;

export interface ContrastiveOptions {
  readonly weight: number;
  readonly temperature: number;
}

/** A single process has the whole batch. */
const NO_PEERS: BatchPeers = { rank: 0, worldSize: 1, gatherRows: (rows) => ({ rows, start: 0 }) };

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
  readonly #options: NclOptions & { contrastive: ContrastiveOptions };
  readonly #shuffle: Shuffle;
  readonly #peers: BatchPeers;
  /** Of each micro-batch of the step so far, each expert's keys. */
  #pending: (readonly Tensor[])[] = [];

  /** @throws DataError that names a class without training images. */
  constructor(
    model: ContrastiveEnsemble,
    training: TrainingClasses,
    options: NclOptions & { contrastive: ContrastiveOptions; shuffle: Shuffle; peers?: BatchPeers },
  ) {
    super(model, training);
    this.#options = options;
    this.#shuffle = options.shuffle;
    this.#peers = options.peers ?? NO_PEERS;
  }

  override step({ images, labels, lastPart = true }: Labeled, { step }: StepContext): StepResult {
    const [count] = labels.shape as [number];
    const features = this.model.dropped(this.model.features(images.narrow(0, 0, count)));
    const logits = this.model.logits(features);
    const contrastive = this.#contrast(features, images.narrow(0, count, count), { step, lastPart });
    if (lastPart) this.model.moveKeyEncoders();
    return stepResult(logits, labels, { ...this.lossTerms(logits, { labels }), contrastive });
  }

  protected override lossTerms(logits: readonly Tensor[], { labels }: Targets): Record<string, Tensor> {
    return ncl(logits, labels, this.logCountsOn(labels), this.#options);
  }

  /**
   * The weighted contrastive loss, summed over the experts. A step's keys enter the queues after its last micro-batch: none is
   * another's negative, as in the whole batch.
   */
  #contrast(
    features: readonly Tensor[],
    keyImages: Tensor,
    { step, lastPart }: { readonly step: number; readonly lastPart: boolean },
  ): Tensor {
    const { keys, start } = this.#keysOfAll(keyImages, step);
    const { weight, temperature } = this.#options.contrastive;
    const losses = this.model.queries(features).map((queries, k) => {
      const queue = this.model.queues[k]!;
      const own = keys[k]!.narrow(0, start, keyImages.shape[0]!);
      return contrastiveLoss(queries, own, queue.keys.clone(), { temperature });
    });
    if (lastPart) this.#enqueue(keys);
    else this.#pending.push(keys.map((ofExpert) => keep(ofExpert)));
    return losses.reduce((sum, loss) => sum.add(loss)).mul(weight);
  }

  #enqueue(last: readonly Tensor[]): void {
    const pending = this.#pending;
    this.#pending = [];
    last.forEach((keys, k) => {
      const all = pending.length === 0 ? keys : cat([...pending.map((ofPart) => ofPart[k]!), keys]);
      this.model.queues[k]!.enqueue(all);
    });
  }

  /** Keys of each expert for the images of all processes, [N, E], in the batch's order; this one's begin at `start`. */
  #keysOfAll(own: Tensor, step: number): { keys: Tensor[]; start: number } {
    const { rank, worldSize } = this.#peers;
    const { rows: images, start } = this.#peers.gatherRows(own);
    const [total] = images.shape as [number];
    const shuffled = tensor(this.#shuffle(step, total)).to({ device: own.device });
    const restored = shuffled.argsort();
    const [from, to] = chunkOf(total, { index: rank, of: worldSize });
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

type Contrastive = NonNullable<BuildRecipe<typeof NclSchema>["method"]["contrastive"]>;

interface ContrastiveBuild {
  readonly contrastive: Contrastive;
  readonly peers?: BatchPeers;
}

/** Builds NCL with its contrastive branch. */
export function buildContrastiveMethod(
  recipe: BuildRecipe<typeof NclSchema>,
  training: TrainingClasses,
  { contrastive, peers }: ContrastiveBuild,
): NclContrastiveMethod {
  const { method, seed } = recipe;
  const options = { ...method, contrastive, shuffle: seededShuffle(seed), ...(peers && { peers }) };
  return joinedWith(
    buildContrastiveEnsemble(recipe, training.classes.length, contrastive),
    (model) => new NclContrastiveMethod(model, training, options),
  );
}

/** The experts of NCL, and what each needs for contrastive learning, whose random numbers come after theirs. */
export function buildContrastiveEnsemble(
  recipe: EnsembleRecipe,
  classes: number,
  {
    queue: size,
    dimension,
    projectionBias: bias,
    momentum,
    keyProjection,
  }: Pick<Contrastive, "queue" | "dimension" | "projectionBias"> & KeyOptions,
): ContrastiveEnsemble {
  const rng = weightsRng(recipe);
  const { experts } = buildExperts(recipe, { classes, rng });
  const contrastive = experts.map((expert) => {
    const { features } = expert.backbone;
    return {
      ...expert,
      projection: new Projection({ features, dimension, bias, rng }),
      keyBackbone: startingBackbone(recipe, { rng }),
      keyProjection: new Projection({ features, dimension, bias, rng }),
      queue: new KeyQueue({ dimension, size, rng }),
    };
  });
  return new ContrastiveEnsemble(contrastive, { dropout: recipe.dropout, momentum, keyProjection });
}

/**
 * InfoNCE: −log of the share that exp(q·k/T) has of itself plus Σ_j exp(q·n_j/T), batch mean: a query should be closer
 * to its own key than to the queue's. queries q and keys k [N, E], queue n [E, Q]; unit vectors.
 * He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020. float32 under autocast.
 */
export function contrastiveLoss(
  queries: Tensor,
  keys: Tensor,
  queue: Tensor,
  { temperature }: { temperature: number },
): Tensor {
  const [images] = queries.shape as [number, number];
  const positive = queries.mul(keys).sum({ dim: [1], keepdim: true }); // [N, 1]
  const logits = cat([positive, queries.matmul(queue).to({ dtype: positive.dtype })], { dim: 1 });
  const first = zeros([images], { dtype: "int64", device: queries.device });
  return logits.to({ dtype: "float32" }).div(temperature).crossEntropyLoss(first);
}
