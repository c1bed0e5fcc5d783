/** Accuracy by group against PyTorch's, on the logits of three experts: shots.json, shots.safetensors. */
import { expect, test } from "vitest";
import { goldenJson, goldenTensors } from "../../test/support/golden.js";
import { scope } from "../torch/scope.js";
import { AccuracyMeter } from "./accuracy.js";
import type { GroupAccuracy } from "./scores.js";

interface Shots {
  many_at_least: number;
  few_at_most: number;
  ensemble: Record<keyof GroupAccuracy, number>;
  experts: Record<keyof GroupAccuracy, number>[];
}

const shots = goldenJson("shots") as Shots;

test("shots: the ensemble's and each expert's accuracy by group", () => {
  using _scope = scope();
  const { tensors } = goldenTensors("shots");
  const counts = tensors.get("counts")!.toList();
  const logits = shots.experts.map((_, k) => tensors.get(`logits.${k}`)!);
  const meter = new AccuracyMeter({
    classes: counts.map((_, c) => `class ${c}`),
    counts,
    experts: logits.length,
    groups: "ncl",
  });
  meter.add({ logits, labels: tensors.get("target")! });
  const { ensemble, experts } = meter.result();
  expect([shots.many_at_least, shots.few_at_most]).toEqual([100, 20]);
  expectSame(ensemble, shots.ensemble);
  experts.forEach((expert, k) => {
    expectSame(expert, shots.experts[k]!);
  });
});

/** The same number of right answers: a share that differs by less than any count could make it. */
function expectSame(found: GroupAccuracy, expected: Record<keyof GroupAccuracy, number>): void {
  for (const group of ["all", "many", "medium", "few"] as const)
    expect(found[group]! / 100, group).toBeCloseTo(expected[group], 12);
}
