import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { zeros } from "./create.js";
import { dropout } from "./operators.generated.js";
import { getTorchState, manualSeed, Rng, setTorchState, withoutDrawing } from "./random.js";
import { scope } from "./scope.js";
import { getThreads, setThreads } from "./settings.js";

describe("Rng", () => {
  it("is Philox4x32-10: the known answers of the Random123 distribution", () => {
    using _ = scope();
    // kat_vectors, philox4x32 10 rounds, key and counter 0: 6627e8d5 e169c58d bc57ac4c 9b00dbd8; uniform() uses the upper 24 bits.
    const expected = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8].map((word) => (word >>> 8) / 2 ** 24);
    expect(new Rng(0).uniform([4]).toList()).toEqual(expected);
  });

  it("gives the same numbers from a saved state, however they were drawn", () => {
    using _ = scope();
    const whole = new Rng(7, 3).uniform([10]).toList();
    const parts = new Rng(7, 3);
    const head = parts.uniform([3]).toList();
    const tail = Rng.fromState(structuredClone(parts.state())).uniform([7]).toList();
    expect([...head, ...tail]).toEqual(whole);
    expect(new Rng(7, 4).uniform([10]).toList()).not.toEqual(whole);
  });

  it("gives the same numbers with any number of threads", () => {
    using _ = scope();
    const before = getThreads();
    const drawn = (threads: number): number[][] => {
      setThreads(threads);
      const rng = new Rng(7, 3, 5); // begins within a block of four
      return [rng.normal([100_001]).toList(), rng.uniform([50_003]).toList()];
    };
    const [one, three] = [drawn(1), drawn(3)];
    setThreads(before);
    expect(three).toEqual(one);
  });

  it("returns zeros without drawing, and goes on where it would have been", () => {
    using _ = scope();
    const [whole, blank] = [new Rng(7, 3), new Rng(7, 3)];
    whole.normal([5]);
    whole.uniform([3]);
    {
      using _without = withoutDrawing();
      expect(blank.normal([5]).toList()).toEqual([0, 0, 0, 0, 0]);
      expect(blank.uniform([3], { low: 1 }).toList()).toEqual([0, 0, 0]);
    }
    expect(blank.state()).toEqual(whole.state());
    expect(blank.normal([4]).toList()).toEqual(whole.normal([4]).toList());
  });

  it("has the moments of its distributions", () => {
    using _ = scope();
    const normal = new Rng(1).normal([200_000], { mean: 2, std: 3 });
    expect(normal.mean().item()).toBeCloseTo(2, 1);
    expect(normal.sub(2).pow(2).mean().item()).toBeCloseTo(9, 0);
    const uniform = new Rng(2).uniform([200_000], { low: -1, high: 3 });
    expect(uniform.mean().item()).toBeCloseTo(1, 1);
    expect([uniform.min().item() >= -1, uniform.max().item() <= 3]).toEqual([true, true]);
  });

  it("shuffles: every number once, another order for another seed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (n, seed) => {
        const order = new Rng(seed).permutation(n);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
    expect(new Rng(1).permutation(50)).not.toEqual(new Rng(2).permutation(50));
  });

  it("draws whole numbers below limits, all equally likely", () => {
    const draws = 30_000;
    const numbers = new Rng(5, 1).below(new Int32Array(2 * draws).map((_, i) => (i % 2 === 0 ? 1 : 3)));
    const counts = [0, 0, 0];
    numbers.forEach((number, i) => {
      if (i % 2 === 0) expect(number).toBe(0);
      else counts[number]!++;
    });
    const chiSquare = counts.reduce((sum, count) => sum + (count - draws / 3) ** 2 / (draws / 3), 0);
    expect(chiSquare).toBeLessThan(13.8); // 0.1 % of samples are above, for 2 degrees of freedom
  });

  it("rejects a seed that is no integer", () => {
    expect(() => new Rng(1.5)).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: Rng: expected seed to be an integer from 0 to 2^53 - 1, received 1.5]`,
    );
  });
});

describe("libtorch's generator", () => {
  it("continues exactly from its saved state", () => {
    using _ = scope();
    manualSeed(3);
    dropout(zeros([5]).add(1), 0.5, true);
    const state = getTorchState();
    const first = dropout(zeros([50]).add(1), 0.5, true).toList();
    setTorchState(state);
    expect(dropout(zeros([50]).add(1), 0.5, true).toList()).toEqual(first);
    expect(state.length).toBe(5056);
  });
});
