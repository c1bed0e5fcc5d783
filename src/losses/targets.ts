import type { Tensor } from "../torch/tensor.js";

/** What a batch's images show. */
export interface Targets {
  labels: Tensor; // int64 [N]
  mixed?: MixedTargets | null; // null, the default: each image shows one thing
}

/** Each image shows what its label says by `share`, and something else by the rest. */
export interface MixedTargets {
  labels: Tensor; // int64 [N]: the other thing
  share: number;
}

/** λ · L(y) + (1 − λ) · L(y′) for images that show y by a share λ and y′ by the rest. Zhang et al., "mixup", ICLR 2018. */
export function overTargets({ labels, mixed }: Targets, loss: (labels: Tensor) => Tensor): Tensor {
  if (!mixed) return loss(labels);
  return loss(labels)
    .mul(mixed.share)
    .add(loss(mixed.labels).mul(1 - mixed.share));
}
