/** Loss and gradients against the reference's NIL_NBOD and NIL_NBOD_plus: losses.json, losses.safetensors. */
import { describe, expect, test } from "vitest";
import { goldenJson, goldenTensors } from "../../../test/support/golden.js";
import { scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import { logCounts } from "../ensemble/cross-entropy.js";
import { nclPlusPlus } from "../ncl-plus-plus/loss.js";
import type { NestedOptions } from "../ensemble/hard-categories.js";
import { ncl } from "./loss.js";

interface Case {
  case: number;
  loss: "NIL_NBOD" | "NIL_NBOD_plus";
  experts: number;
  classes: number;
  hcm: number;
  ce: number;
  hr: number;
  div: number;
  divh: number;
  intra?: number;
  loss_value: number;
}
const cases = goldenJson("losses") as Case[];

function optionsOf(golden: Case, logEpsilon: number): NestedOptions {
  const weights = { crossEntropy: golden.ce, hardCrossEntropy: golden.hr, distillation: golden.div };
  return {
    ...weights,
    hardCategories: golden.hcm,
    hardCategorySource: "first",
    otherLogits: "zeroed",
    logEpsilon,
  };
}

/** `labels` has one entry a row; the copies of NCL++ repeat them. */
function partsOf(golden: Case, logits: Tensor[], labels: Tensor, logN: Tensor, epsilon: number): Tensor[] {
  const options = optionsOf(golden, epsilon);
  switch (golden.loss) {
    case "NIL_NBOD":
      return Object.values(ncl(logits, labels, logN, { ...options, hardDistillation: golden.divh }));
    case "NIL_NBOD_plus": {
      const copies = golden.intra!;
      const [rows] = labels.shape as [number];
      return Object.values(
        nclPlusPlus(logits, labels.narrow(0, 0, rows / copies), logN, { ...options, augmentations: copies }),
      );
    }
    default:
      return golden.loss satisfies never;
  }
}

function largestDifference(a: Tensor, b: Tensor): number {
  return a.sub(b).abs().max().item();
}

test("the file has cases of both losses", () => {
  expect(new Set(cases.map(({ loss }) => loss))).toEqual(new Set(["NIL_NBOD", "NIL_NBOD_plus"]));
});

describe.each(Object.entries({ parity: 1e-9, default: 0 }))("%s", (_rule, epsilon) => {
  test.each(cases)("case $case: $loss, K = $experts, C = $classes, H = $hcm", (golden) => {
    using _scope = scope();
    const { tensors } = goldenTensors("losses");
    const read = (name: string): Tensor => tensors.get(`${golden.case}.${name}`)!;
    const logits = Array.from({ length: golden.experts }, (_, k) => read(`logits.${k}`).setRequiresGrad());
    const counts = read("counts").toList();
    const logN = logCounts(
      counts,
      counts.map((_, c) => `class ${c}`),
    );
    const parts = partsOf(golden, logits, read("target"), logN, epsilon);
    const loss = parts.reduce((sum, part) => sum.add(part));
    loss.backward();

    expect(Math.abs(loss.item() / golden.loss_value - 1)).toBeLessThan(1e-5);
    logits.forEach((z, k) => expect(largestDifference(z.grad!, read(`grad.${k}`))).toBeLessThan(1e-5));
  });
});
