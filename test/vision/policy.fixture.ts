import { expect } from "vitest";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { tensor } from "../../src/torch/create.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { vision } from "../../src/data/vision.js";

type Operation = Extract<TransformSpec, { kind: "operation" }>;
type Step = Pick<Operation, "name" | "value" | "interpolation">;

/** What a policy drew for one image: which of its lists of operations, and what of it it does. */
interface Draw {
  readonly alternative: number;
  readonly steps: readonly Step[];
}

/** By the numbers that native/vision gives them. */
const names: readonly Operation["name"][] = [
  ...(["identity", "shear-x", "shear-y", "translate-x", "translate-y"] as const),
  ...(["translate-x-pixels", "translate-y-pixels", "rotate"] as const),
  ...(["brightness", "color", "contrast", "sharpness"] as const),
  ...(["posterize", "solarize", "solarize-add", "auto-contrast", "equalize", "invert"] as const),
];
const interpolations: readonly Operation["interpolation"][] = ["nearest", "bilinear", "bicubic"];

/** What a policy draws for the first images of an epoch. */
export function drawsOf(policy: TransformSpec, images: number, seed = 11): Draw[] {
  using _ = scope();
  const options = { height: 20, width: 24, seed, epoch: 1, view: 0, images };
  const numbers = new Tensor(vision().drawTransform(policy, options)).toArray() as Float64Array;
  const each = numbers.length / images;
  return Array.from({ length: images }, (_, image) => {
    const [alternative = 0, ...rest] = numbers.subarray(image * each, (image + 1) * each);
    const steps: Step[] = [];
    for (let i = 0; i < rest.length && rest[i] !== -1; i += 3)
      steps.push({
        name: names[rest[i]!]!,
        value: rest[i + 1]!,
        interpolation: interpolations[rest[i + 2]!]!,
      });
    return { alternative, steps };
  });
}

export function textOf({ name, value, interpolation }: Record<keyof Step, string | number>): string {
  return `${name} ${value} ${interpolation}`;
}

/** How often each value occurs. */
export function countsOf<T>(values: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Asserts that a policy changes 300 images as the operations change them that it says it draws. */
export function expectSameAsItsOperations(policy: TransformSpec, fill: Operation["fill"]): void {
  using _ = scope();
  const pixels = Uint8Array.from({ length: 20 * 24 * 3 }, (_, i) => (i * i + 31 * (i % 3)) % 251);
  const input = tensor(pixels, { shape: [20, 24, 3] });
  const apply = (transforms: readonly TransformSpec[], image: number): Buffer => {
    const random = { seed: 11, epoch: 1, image, view: 0 };
    return Buffer.from(
      new Tensor(vision().transformImage(input.handle, transforms, random)).toArray() as Uint8Array,
    );
  };
  drawsOf(policy, 300).forEach(({ steps }, image) => {
    const operations = steps.map((step): Operation => ({ kind: "operation", ...step, fill }));
    expect(apply([policy], image).equals(apply(operations, image)), JSON.stringify(steps)).toBe(true);
  });
}
