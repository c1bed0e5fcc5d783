import { describe, expect, it } from "vitest";
import { tensor, zeros } from "./create.js";
import { FreedTensorError } from "./errors.js";
import { dispose, keep, keepForever, memory, scope } from "./scope.js";
import type { Tensor } from "./tensor.js";

describe("scope", () => {
  it("frees everything created inside", () => {
    const before = memory();
    {
      using _ = scope();
      tensor([1]).add(1).mul(2);
      expect(memory().live).toBe(before.live + 3);
    }
    expect(memory()).toEqual(before);
  });

  it("moves kept tensors one scope outward", () => {
    const before = memory().live;
    {
      using _outer = scope();
      let kept: Tensor;
      {
        using _inner = scope();
        kept = keep(tensor([1]).add(1));
      }
      expect(kept.item()).toBe(2);
      expect(memory().live).toBe(before + 1);
    }
    expect(memory().live).toBe(before);
  });

  it("holds tensors that are kept forever until they are disposed of", () => {
    const before = memory();
    let first: Tensor, second: Tensor;
    {
      using _outer = scope();
      first = zeros([1]);
      {
        using _inner = scope();
        second = zeros([2]);
        keepForever([first, second]);
        zeros([3]);
      }
      zeros([4]);
    }
    expect([first.size, second.size]).toEqual([1, 2]);
    expect(memory()).toEqual({ live: before.live + 2, outsideScopes: before.outsideScopes + 2 });
    dispose(first, second);
    dispose(first);
    expect(memory()).toEqual(before);
  });

  it("allows and counts tensors outside any scope", () => {
    const before = memory().outsideScopes;
    const loose = zeros([2]);
    expect(memory().outsideScopes).toBe(before + 1);
    dispose(loose);
    expect(memory().outsideScopes).toBe(before);
  });

  it("says which operation used a freed tensor, even when its slot was given away", () => {
    let freed: Tensor;
    {
      using _ = scope();
      freed = tensor([1]);
    }
    using _ = scope();
    tensor([2]);
    expect(freed.isAlive).toBe(false);
    expect(() => freed.add(1)).toThrow(FreedTensorError);
    expect(() => freed.add(1)).toThrowErrorMatchingInlineSnapshot(
      `[FreedTensorError: add: the tensor was freed: its scope has ended, or dispose() was called; keep() it to use it afterwards]`,
    );
    expect(String(freed)).toBe("Tensor(freed)");
  });

  it("frees on a throw and names scopes that end out of order", () => {
    const before = memory().live;
    expect(() => {
      using _ = scope();
      tensor([1]);
      throw new Error("stop");
    }).toThrow("stop");
    expect(memory().live).toBe(before);
    const outer = scope();
    const inner = scope();
    expect(() => outer[Symbol.dispose]()).toThrowErrorMatchingInlineSnapshot(
      `[Error: scope: expected the innermost scope (depth 2) to end first, received depth 1; a scope must not span an await]`,
    );
    inner[Symbol.dispose]();
    outer[Symbol.dispose]();
  });
});
