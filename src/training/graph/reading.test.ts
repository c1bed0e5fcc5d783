import { expect, test } from "vitest";
import { noGrad } from "../../torch/autograd.js";
import { tensor } from "../../torch/create.js";
import { memory, scope } from "../../torch/scope.js";
import { readLater } from "./reading.js";

const step = (values: number[]) => ({ names: ["ce"], clipped: true, scaled: true, values: tensor(values) });

test("what a step told stays, though the next one writes over it and its scope ends", () => {
  const before = memory();
  const [first, second] = (() => {
    using _scope = scope();
    using _noGrad = noGrad();
    const told = step([3, 1.5, 1.5, 0.5, 1024]);
    const one = readLater(told);
    told.values.copy_(tensor([4, 1, 1, 0.25, 512]));
    return [one, readLater(told)];
  })();
  expect(first.read()).toEqual({ right: 3, loss: 1.5, parts: { ce: 1.5 }, gradNorm: 0.5, scale: 1024 });
  expect(second.read()).toEqual({ right: 4, loss: 1, parts: { ce: 1 }, gradNorm: 0.25, scale: 512 });
  expect(memory()).toEqual(before);
});

test("one that nobody reads is let go of", () => {
  using _ = scope();
  const values = step([3, 1.5, 1.5, 0.5, 1]);
  const before = memory();
  readLater(values)[Symbol.dispose]();
  expect(memory()).toEqual(before);
});
