import { expect, it } from "vitest";
import { epochOrder } from "./order.js";

it("shuffles by seed and epoch", () => {
  const order = (seed: number, epoch: number): number[] => [
    ...epochOrder({ size: 50, shuffle: true, seed, epoch }),
  ];
  expect(order(1, 2)).toEqual(order(1, 2));
  expect(order(1, 2)).not.toEqual(order(1, 3));
  expect(order(1, 2)).not.toEqual(order(2, 2));
  expect(order(1, 2).sort((a, b) => a - b)).toEqual([
    ...epochOrder({ size: 50, shuffle: false, seed: 1, epoch: 2 }),
  ]);
});
