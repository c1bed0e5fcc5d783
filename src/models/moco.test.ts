import { expect, test } from "vitest";
import { tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { memory, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { KeyQueue } from "./moco.js";

/** Keys of one number each. */
const keys = (...values: number[]): Tensor => tensor(values, { shape: [values.length, 1] });

test("starts with unit vectors, under the reference's names", () => {
  using _ = scope();
  const queue = new KeyQueue({ dimension: 3, size: 5, rng: new Rng(1) });
  expect([...queue.stateDict().keys()]).toEqual(["queue", "queue_ptr"]);
  expect(queue.keys.shape).toEqual([3, 5]);
  for (const length of queue.keys.linalgVectorNorm({ dim: [0] }).toList()) expect(length).toBeCloseTo(1, 5);
  expect(queue.parameters()).toEqual([]);
  queue[Symbol.dispose]();
});

test("wraps: batches need not divide it, and the oldest keys go first", () => {
  const queue = new KeyQueue({ dimension: 1, size: 5, rng: new Rng(1) });
  const before = memory().live;
  {
    using _ = scope();
    queue.enqueue(keys(1, 2, 3));
    expect(queue.keys.toList().slice(0, 3)).toEqual([1, 2, 3]);
    queue.enqueue(keys(4, 5, 6));
    expect(queue.keys.toList()).toEqual([6, 2, 3, 4, 5]);
    queue.enqueue(keys(7));
    expect(queue.keys.toList()).toEqual([6, 7, 3, 4, 5]);
    queue.enqueue(keys(10, 11, 12, 13, 14)); // as many as there is room for
    expect(queue.keys.toList()).toEqual([13, 14, 10, 11, 12]);
    expect(queue.stateDict().get("queue_ptr")!.toList()).toEqual([2]);
  }
  expect(memory().live).toBe(before);
  queue[Symbol.dispose]();
});

test("ends exactly at its end", () => {
  using _ = scope();
  const queue = new KeyQueue({ dimension: 1, size: 4, rng: new Rng(1) });
  queue.enqueue(keys(1, 2));
  queue.enqueue(keys(3, 4));
  queue.enqueue(keys(5));
  expect(queue.keys.toList()).toEqual([5, 2, 3, 4]);
  queue[Symbol.dispose]();
});
