/** Loss and gradients against the reference's NIL_NBOD: losses.json, losses.safetensors. */
import { expect, test } from "vitest";
import { goldenJson, goldenTensors } from "../../test/support/golden.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { logCounts } from "./balanced-logits.js";
import { ncl, type NclOptions } from "./ncl.js";

interface Case {
  case: number;
  loss: string;
  experts: number;
  classes: number;
  hcm: number;
  ce: number;
  hr: number;
  div: number;
  divh: number;
  loss_value: number;
}
const cases = (goldenJson("losses") as Case[]).filter(({ loss }) => loss === "NIL_NBOD");
const epsilons = { parity: 1e-9, default: 0 };

function optionsOf(golden: Case, logEpsilon: number): NclOptions {
  const weights = {
    crossEntropy: golden.ce,
    hard: golden.hr,
    distillation: golden.div,
    hardDistillation: golden.divh,
  };
  return { ...weights, hardCategories: golden.hcm, mask: "first", nonHard: "zeroed", logEpsilon };
}

function largestDifference(a: Tensor, b: Tensor): number {
  return a.sub(b).abs().max().item();
}

test("the file has cases", () => expect(cases.length).toBeGreaterThan(0));

test.each(
  cases.flatMap((golden) =>
    Object.entries(epsilons).map(([rule, epsilon]) => ({ ...golden, rule, epsilon })),
  ),
)("case $case: K = $experts, C = $classes, H = $hcm, $rule", ({ epsilon, rule: _, ...golden }) => {
  using _scope = scope();
  const { tensors } = goldenTensors("losses");
  const read = (name: string): Tensor => tensors.get(`${golden.case}.${name}`)!;
  const logits = Array.from({ length: golden.experts }, (__, k) => read(`logits.${k}`).setRequiresGrad());
  const counts = read("counts").toList();
  const names = counts.map((__, c) => `class ${c}`);
  const parts = ncl(logits, read("target"), logCounts(counts, names), optionsOf(golden, epsilon));
  const loss = Object.values(parts).reduce((sum, part) => sum.add(part));
  loss.backward();

  expect(Math.abs(loss.item() / golden.loss_value - 1)).toBeLessThan(1e-5);
  logits.forEach((z, k) => expect(largestDifference(z.grad!, read(`grad.${k}`))).toBeLessThan(1e-5));
});
