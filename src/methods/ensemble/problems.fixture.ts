/** Small classification problems for property tests. */
import fc from "fast-check";
import { tensor } from "../../torch/create.js";
import type { Tensor } from "../../torch/tensor.js";
import { logCounts } from "./cross-entropy.js";

export interface Problem {
  logits: number[][]; // of each expert, row-major [copies · images, classes]
  labels: number[]; // [images]
  counts: number[];
  classes: number;
  hard: number;
}

/** The paper's weights, the reference's mask, the corrected log: what NCL and NCL++ have in common. */
export const nestedOptions = {
  crossEntropy: 1,
  hardCrossEntropy: 1,
  distillation: 0.6,
  hardCategorySource: "first",
  otherLogits: "zeroed",
  logEpsilon: 0,
} as const;

/** The same and what NCL has besides. */
export const nclOptions = { ...nestedOptions, hardDistillation: 0.6 } as const;

/** Problems whose logits come from `value`. */
export function problems(
  value: fc.Arbitrary<number>,
  { experts, copies = 1 }: { experts: number; copies?: number },
): fc.Arbitrary<Problem> {
  const sizes = fc.record({
    images: fc.integer({ min: 1, max: 3 }),
    classes: fc.integer({ min: 1, max: 6 }),
  });
  return sizes.chain(({ images, classes }) => {
    const length = copies * images * classes;
    const matrix = fc.array(value, { minLength: length, maxLength: length });
    return fc.record({
      logits: fc.array(matrix, { minLength: experts, maxLength: experts }),
      labels: fc.array(fc.nat(classes - 1), { minLength: images, maxLength: images }),
      counts: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: classes, maxLength: classes }),
      classes: fc.constant(classes),
      hard: fc.integer({ min: 1, max: classes }),
    });
  });
}

export const usual = fc.double({ min: -20, max: 20, noNaN: true });
export const extreme = fc.constantFrom(0, 1, -1, 1e4, -1e4, 1e30, -1e30, 3e38, -3e38, 1e-38);

export function classNames(classes: number): string[] {
  return Array.from({ length: classes }, (_, c) => `class ${c}`);
}

/** z_k [copies · images, C] of each expert, wanting gradients; y [images]; log n [C]. */
export function tensors({ logits, labels, counts, classes }: Problem): {
  z: Tensor[];
  y: Tensor;
  logN: Tensor;
} {
  const z = logits.map((values) =>
    tensor(values, { shape: [values.length / classes, classes] }).setRequiresGrad(),
  );
  return { z, y: tensor(labels, { dtype: "int64" }), logN: logCounts(counts, classNames(classes)) };
}

/** The loss: the sum of its parts. */
export function total(parts: Record<string, Tensor>): Tensor {
  return Object.values(parts).reduce((sum, part) => sum.add(part));
}
