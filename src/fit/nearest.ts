import type { Observation } from "../evaluation/meter.js";
import { normalize } from "../nn/functional.js";
import { noGrad } from "../torch/autograd.js";
import { tensor, zeros } from "../torch/create.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import type { FeatureSet } from "../training/train-on-features.js";

/** Images whose neighbors are looked for at once. */
const BATCH = 256;

/** How a classifier without training answers. */
export type NearestRule =
  { readonly kind: "class-means" } | { readonly kind: "neighbors"; readonly k: number };

/**
 * Observations of a classifier without training, by cosines of features: each class's score is the cosine to the mean of its
 * training images, or the number of them among the k nearest ones. They belong to the scope in which each is taken.
 */
export function* nearest(
  rule: NearestRule,
  { train, queries }: { readonly train: FeatureSet; readonly queries: FeatureSet },
): Generator<Observation> {
  using _noGrad = noGrad();
  using _scope = scope();
  const known = normalize(matrix(train), 1); // [N, D]
  const classes = train.dataset.classes.length;
  const oneHot = labelsOf(train).oneHot({ numClasses: classes }).to({ dtype: "float32" }); // [N, C]
  const means = normalize(oneHot.t().matmul(matrix(train)), 1); // [C, D]
  const wanted = normalize(matrix(queries), 1);
  const labels = labelsOf(queries);
  for (let start = 0; start < queries.dataset.size; start += BATCH) {
    using _batch = scope();
    const size = Math.min(BATCH, queries.dataset.size - start);
    const rows = wanted.narrow(0, start, size);
    const logits =
      rule.kind === "class-means" ? rows.matmul(means.t()) : votes(rows.matmul(known.t()), oneHot, rule.k);
    const indices = Int32Array.from({ length: size }, (_, i) => start + i);
    yield { logits: [logits], labels: labels.narrow(0, start, size), indices };
  }
}

/** cosines [n, N] → how many of the k nearest are of each class, [n, C] */
function votes(cosines: Tensor, oneHot: Tensor, k: number): Tensor {
  using _ = scope();
  const [images = 0, known = 0] = cosines.shape;
  const [, indices] = cosines.topk(Math.min(k, known), { dim: 1 });
  const isNear = zeros([images, known]).scatter(1, indices, 1);
  return keep(isNear.matmul(oneHot));
}

function matrix({ dataset, features }: FeatureSet): Tensor {
  return tensor(features, { shape: [dataset.size, features.length / dataset.size] });
}

function labelsOf({ dataset }: FeatureSet): Tensor {
  return tensor(BigInt64Array.from(dataset.labels, BigInt));
}
