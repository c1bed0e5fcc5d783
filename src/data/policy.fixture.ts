import { expect } from "vitest";
import type { TransformSpec } from "../recipes/schema.js";
import { tensor } from "../torch/create.js";
import { scope } from "../torch/scope.js";
import { Tensor } from "../torch/tensor.js";
import { vision } from "./vision.js";

type Operation = Extract<TransformSpec, { kind: "operation" }>;

/** The operations in a text of describeDraws. */
function operationsOf(text: string, fill: Operation["fill"]): Operation[] {
  const steps = text.slice(text.indexOf(":") + 1).trim();
  if (steps === "") return [];
  return steps.split(", ").map((step) => {
    const [name, value, interpolation] = step.split(" ");
    return { kind: "operation", name, value: Number(value), interpolation, fill } as Operation;
  });
}

/** Asserts that a policy changes 300 images as the operations change them that it says it draws. */
export function expectSameAsItsOperations(policy: TransformSpec, fill: Operation["fill"]): void {
  using _ = scope();
  const pixels = Uint8Array.from({ length: 20 * 24 * 3 }, (_, i) => (i * i + 31 * (i % 3)) % 251);
  const image = tensor(pixels, { shape: [20, 24, 3] });
  const of = (transforms: readonly TransformSpec[], index: number): Buffer =>
    Buffer.from(
      new Tensor(
        vision().transformImage(image.handle, transforms, { seed: 5, epoch: 1, image: index, view: 0 }),
      ).toArray() as Uint8Array,
    );
  const draws = vision().describeDraws([policy], { seed: 5, epoch: 1, view: 0 }, 300);
  draws.forEach((text, index) => {
    expect(of([policy], index).equals(of(operationsOf(text, fill), index)), text).toBe(true);
  });
}
