import type { Peers } from "../../distributed/peers.js";
import type { Batch } from "../../data/loader/loader.js";
import type { Observation } from "../../evaluation/meter.js";
import type { Method } from "../../methods/ensemble/method.js";
import { tensor, zeros } from "../../torch/create.js";
import { stack } from "../../torch/operators.generated.js";

/** Predicts a process's piece of a batch, which may be empty where the batch is small. */
export function observe(method: Method, { images, labels, indices }: Batch): Observation {
  if (indices.length > 0) return { logits: method.predict(images), labels, indices };
  const [, ...shape] = images.shape;
  const blank = zeros([1, ...shape], { device: images.device }); // a network may not take no image
  return { logits: method.predict(blank).map((expert) => expert.narrow(0, 0, 0)), labels, indices };
}

/** Gathers all processes' predictions for a batch, in its order: each image once. */
export function gatherObservations(own: Observation, peers: Peers): Observation {
  if (peers.ranks === 1) return own;
  const { logits, labels, indices } = own;
  const { rows } = peers.gatherRows(stack([...logits], { dim: 1 })); // [N, K, C]
  const all = peers.gatherRows(tensor(Int32Array.from(indices))).rows.toArray() as Int32Array;
  return {
    logits: logits.map((_, k) => rows.select(1, k)),
    labels: peers.gatherRows(labels).rows,
    indices: all,
  };
}
