import type { TransformSpec } from "../../recipes/schema.js";

interface EpochOf {
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number;
}

/**
 * A pipeline as it is in an epoch. A random resized crop that grows has a smallest share of a + (b − a)(1 − √(1 − t²)), where
 * scale is [a, b] and t the progress, 0 in the first epoch and 1 in the last: minimalist augmentation of LIFT+ (Shi et al.,
 * 2025).
 */
export function transformsAt(
  transforms: readonly TransformSpec[],
  { epoch, epochs }: EpochOf,
): readonly TransformSpec[] {
  if (!transforms.some((one) => one.kind === "random-resized-crop" && one.grows)) return transforms;
  const progress = epochs === 1 ? 0 : Math.min(1, Math.max(0, epoch / (epochs - 1)));
  const grown = 1 - Math.sqrt(1 - progress ** 2);
  return transforms.map((one) => {
    if (one.kind !== "random-resized-crop" || !one.grows) return one;
    const [low, high] = one.scale;
    return { ...one, scale: [low + (high - low) * grown, high] };
  });
}
