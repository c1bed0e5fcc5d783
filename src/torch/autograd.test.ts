import { describe, expect, it } from "vitest";
import { backward, clearGradients, enableGrad, grad, gradients, noGrad } from "./autograd.js";
import { tensor } from "./create.js";
import { scope } from "./scope.js";

describe("autograd", () => {
  it("accumulates gradients into leaves", () => {
    using _ = scope();
    const x = tensor([1, 2, 3]).setRequiresGrad();
    x.mul(x).sum().backward();
    x.mul(2).sum().backward();
    expect(x.grad?.toList()).toEqual([4, 6, 8]);
    clearGradients([x]);
    expect(x.grad).toBeNull();
  });

  it("takes gradients of tensors that are no scalars", () => {
    using _ = scope();
    const x = tensor([1, 2]).setRequiresGrad();
    backward([x.mul(3)], [tensor([1, 10])]);
    expect(gradients([x])[0]?.toList()).toEqual([3, 30]);
  });

  it("computes grad() without touching the leaves, twice differentiable, null where unused", () => {
    using _ = scope();
    const x = tensor([3]).setRequiresGrad();
    const unused = tensor([1]).setRequiresGrad();
    const [first, none] = grad([x.pow(3).sum()], [x, unused], { createGraph: true });
    expect(first?.toList()).toEqual([27]);
    expect(none).toBeNull();
    const [second] = grad([first?.sum() ?? x], [x]);
    expect(second?.toList()).toEqual([18]);
    expect(x.grad).toBeNull();
  });

  it("records nothing inside noGrad() and again inside enableGrad()", () => {
    using _ = scope();
    const x = tensor([1]).setRequiresGrad();
    {
      using _off = noGrad();
      expect(x.mul(2).requiresGrad).toBe(false);
      using _on = enableGrad();
      expect(x.mul(2).requiresGrad).toBe(true);
    }
    expect(x.mul(2).requiresGrad).toBe(true);
  });

  it("explains a backward without a graph", () => {
    using _ = scope();
    expect(() => tensor([1]).backward()).toThrowErrorMatchingInlineSnapshot(
      `[TorchError: element 0 of tensors does not require grad and does not have a grad_fn]`,
    );
  });
});
