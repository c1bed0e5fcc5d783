import { describe, expect, test } from "vitest";
import { goldenJson } from "../../test/support/golden.js";
import { tensor } from "../torch/create.js";
import { memory, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { Adam, type AdamOptions } from "./adam.js";

/** Four steps of two parameters, [3, 4] and [5]; the second has a tenth of the rate and no gradient in its second step. */
interface Case extends Required<Pick<AdamOptions, "lr" | "beta1" | "beta2" | "eps" | "weightDecay">> {
  readonly kind: "adam" | "adamw";
  readonly start: readonly [number[], number[]];
  readonly gradients: readonly (readonly [number[], number[] | null])[];
  readonly parameters: readonly (readonly [number[], number[]])[];
  readonly expAvg: readonly number[];
  readonly expAvgSq: readonly number[];
  readonly step: readonly [number, number];
}

const { cases } = goldenJson("adam") as { cases: readonly Case[] };
const SHAPES = [[3, 4], [5]] as const;

function open({ start, kind, ...options }: Case): { parameters: Tensor[]; optimizer: Adam } {
  const parameters = start.map((values, i) => tensor(values, { shape: SHAPES[i]! }).setRequiresGrad());
  const optimizer = new Adam(parameters, { ...options, decoupled: kind === "adamw", factors: [1, 0.1] });
  return { parameters, optimizer };
}

function take(
  { parameters, optimizer }: ReturnType<typeof open>,
  gradients: Case["gradients"][number],
): number[][] {
  using _ = scope();
  parameters.forEach((parameter, i) => {
    const values = gradients[i];
    parameter.grad = !values ? null : tensor(values, { shape: SHAPES[i]! });
  });
  optimizer.step();
  return parameters.map((parameter) => parameter.toList());
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5));
}

describe.each(cases.map((one) => [`${one.kind}, lr ${one.lr}`, one] as const))("%s", (_name, one) => {
  test("parameters and state after each step are PyTorch's", () => {
    using _ = scope();
    const opened = open(one);
    using optimizer = opened.optimizer;
    one.gradients.forEach((gradients, step) => {
      take(opened, gradients).forEach((found, i) => {
        expectClose(found, one.parameters[step]![i]!);
      });
    });
    const state = optimizer.stateDict();
    expectClose(state.get("exp_avg.0")!.toList(), one.expAvg);
    expectClose(state.get("exp_avg_sq.0")!.toList(), one.expAvgSq);
    expect([state.get("step.0")!.item(), state.get("step.1")!.item()]).toEqual(one.step);
  });

  test("a saved state continues as if nothing had happened, also with the rate on the device", () => {
    using _ = scope();
    const [first, second] = [open(one), open(one)];
    take(first, one.gradients[0]!);
    const found = take(second, one.gradients[0]!);
    second.optimizer.loadStateDict(first.optimizer.stateDict());
    second.optimizer.keepRateOnDevice();
    const [a, b] = [first, second].map((each) => take(each, one.gradients[2]!));
    expect(b!.flat().length).toBe(found.flat().length);
    a!.flat().forEach((value, i) => expect(b!.flat()[i]).toBeCloseTo(value, 6));
    for (const { optimizer } of [first, second]) optimizer[Symbol.dispose]();
  });
});

test("steps leave nothing behind but what the first one remembers", () => {
  using _ = scope();
  const [one] = cases as [Case];
  const before = memory().live;
  const opened = open(one);
  take(opened, one.gradients[0]!);
  const after = memory().live;
  take(opened, one.gradients[2]!);
  expect(memory().live).toBe(after);
  expect(after).toBe(before + 2 + 6);
  opened.optimizer[Symbol.dispose]();
  expect(memory().live).toBe(before + 2);
});
