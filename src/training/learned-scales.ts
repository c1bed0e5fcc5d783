import { setImmediate } from "node:timers/promises";
import type { BatchSource } from "../data/loader/loader.js";
import { buildSampler } from "../data/samplers/registry.js";
import type { Method } from "../methods/ensemble/method.js";
import { Ensemble } from "../models/ensemble.js";
import { Linear } from "../nn/linear.js";
import { Sgd } from "../optim/sgd.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { noGrad } from "../torch/autograd.js";
import { ones, tensor } from "../torch/create.js";
import { cat } from "../torch/operators.generated.js";
import { dispose, keepForever, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { eachBatch } from "./each-batch.js";

/** Images of a step. */
const BATCH = 512;
const MOMENTUM = 0.9;

export interface ScalesOptions {
  /** Every training image once. */
  readonly images: BatchSource;
  readonly dataset: Parameters<typeof buildSampler>[1]["dataset"];
  readonly adjustment: Extract<ResolvedRecipe["adjustment"], { readonly kind: "learned-scales" }>;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Learnable weight scaling: logit c of a trained linear classifier, its bias as well, becomes s_c · (w_c x + b_c), where the
 * scales s alone are learned by cross-entropy on class-balanced images, from 1. Kang et al., "Decoupling representation and
 * classifier for long-tailed recognition", ICLR 2020, eq. 6. The scales end up in the classifier's rows and bias.
 * @throws The signal's reason.
 */
export async function learnScales({ model }: Pick<Method, "model">, options: ScalesOptions): Promise<void> {
  if (!(model instanceof Ensemble)) return;
  const layers = model.classifiers.map((layer) => (layer instanceof Linear ? layer : null));
  const logits = await logitsOf(model, options);
  try {
    for (const [k, layer] of layers.entries()) {
      if (layer === null) continue;
      const { device, shape } = layer.weight;
      const scales = keepForever(ones([shape[0]!], { device }).setRequiresGrad());
      try {
        await fitScales(scales, logits[k]!, options);
        using _scope = scope();
        using _noGrad = noGrad();
        layer.weight.mul_(scales.view([-1, 1]));
        layer.bias?.mul_(scales);
      } finally {
        dispose(scales);
      }
    }
  } finally {
    dispose(...logits);
  }
}

/** Each expert's logits of all images, [N, C], in the order of the images. */
async function logitsOf(model: Ensemble, { images, signal }: ScalesOptions): Promise<Tensor[]> {
  const parts: Tensor[][] = model.classifiers.map(() => []);
  try {
    await eachBatch(model, { images, signal }, (batch) => {
      model.features(batch.images).forEach((features, k) => {
        parts[k]!.push(keepForever(model.classifiers[k]!.forward(features)));
      });
    });
    using _scope = scope();
    using _noGrad = noGrad();
    return parts.map((own) => keepForever(cat(own)));
  } finally {
    dispose(...parts.flat());
  }
}

/** Learns the scales that suit one classifier's logits; SGD with momentum, its rate a cosine over all steps. */
async function fitScales(
  scales: Tensor,
  logits: Tensor,
  { dataset, adjustment, seed, signal }: ScalesOptions,
): Promise<void> {
  const { epochs, lr } = adjustment;
  const { device } = logits;
  const sampler = buildSampler({ kind: "class-balanced" }, { dataset, seed, epochs });
  const perEpoch = Math.ceil(sampler.size / BATCH);
  using optimizer = new Sgd([scales], { lr, momentum: MOMENTUM });
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const drawn = sampler.epoch(epoch);
    for (let step = 0; step < perEpoch; step += 1) {
      using _ = scope();
      optimizer.lr = lr * 0.5 * (1 + Math.cos((Math.PI * (epoch * perEpoch + step)) / (epochs * perEpoch)));
      const indices = drawn.slice(step * BATCH, (step + 1) * BATCH);
      const labels = tensor(
        BigInt64Array.from(indices, (index) => BigInt(dataset.labels[index]!)),
        { device },
      );
      optimizer.zeroGrad();
      logits.indexSelect(0, tensor(indices, { device })).mul(scales).crossEntropyLoss(labels).backward();
      optimizer.step();
    }
    await setImmediate(); // signal handlers run only when the event loop gets a turn
    signal?.throwIfAborted();
  }
}
