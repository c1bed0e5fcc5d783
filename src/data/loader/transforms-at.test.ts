import { expect, test } from "vitest";
import type { TransformSpec } from "../../recipes/schema.js";
import { transformsAt } from "./transforms-at.js";

const crop = {
  kind: "random-resized-crop",
  size: 8,
  scale: [0.08, 1],
  ratio: [1, 1],
  interpolation: "bicubic",
  grows: true,
} satisfies TransformSpec;
const flip = { kind: "horizontal-flip", p: 0.5 } satisfies TransformSpec;

test("the smallest window grows along a quarter of a circle", () => {
  const lows = [0, 1, 2, 3, 4].map((epoch) => {
    const [first, second] = transformsAt([crop, flip], { epoch, epochs: 5 });
    expect(second).toBe(flip);
    const { scale, ...rest } = first as typeof crop;
    expect(rest).toEqual({ ...crop, scale: undefined, ...rest });
    expect(scale[1]).toBe(1);
    return scale[0];
  });
  expect(lows[0]).toBe(0.08);
  expect(lows[4]).toBe(1);
  expect(lows[2]).toBeCloseTo(0.08 + 0.92 * (1 - Math.sqrt(0.75)), 12);
  expect(lows[3]! - lows[2]!).toBeGreaterThan(lows[1]! - lows[0]!);
});

test("one epoch begins where it ends, and others stay as they are", () => {
  expect(transformsAt([crop], { epoch: 0, epochs: 1 })).toEqual([crop]);
  const still = [{ ...crop, grows: false }, flip];
  expect(transformsAt(still, { epoch: 3, epochs: 5 })).toBe(still);
});
