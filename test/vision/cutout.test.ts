import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { tensor } from "../../src/torch/create.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { chiSquareProbability } from "../../src/data/chi-square.fixture.js";
import { vision } from "../../src/data/vision.js";

/** What cutout leaves of a white image, one channel: rows of 1 (white) and 0. */
function cut(side: number, options: { size: number; holes: number }, image: number): string[] {
  using _ = scope();
  const white = tensor(new Uint8Array(side * side * 3).fill(255), { shape: [side, side, 3] });
  const transforms: TransformSpec[] = [{ kind: "cutout", ...options }];
  const random = { seed: 2, epoch: 0, image, view: 0 };
  const bytes = new Tensor(vision().transformImage(white.handle, transforms, random)).toArray();
  const at = (row: number, column: number): string => (bytes[3 * (row * side + column)] === 0 ? "0" : "1");
  return Array.from({ length: side }, (_, row) =>
    Array.from({ length: side }, (_, column) => at(row, column)).join(""),
  );
}

describe("cutout", () => {
  it("puts the middle of the square on every pixel as often", () => {
    using _ = scope();
    const options = { height: 5, width: 7, seed: 2, epoch: 0, view: 0, images: 100_000 };
    const drawn = new Tensor(
      vision().drawTransform({ kind: "cutout", size: 2, holes: 1 }, options),
    ).toArray();
    const observed = Array.from({ length: 35 }, () => 0);
    for (let i = 0; i < drawn.length; i += 2) observed[Number(drawn[i]) * 7 + Number(drawn[i + 1])]!++;
    expect(
      chiSquareProbability(
        observed,
        observed.map(() => 1),
      ),
    ).toBeGreaterThan(1e-4);
  });

  it("cuts the square off at the edges", () => {
    const results = new Set(
      Array.from({ length: 300 }, (_, image) => cut(4, { size: 2, holes: 1 }, image).join("\n")),
    );
    const squares = Array.from({ length: 16 }, (_, middle) => {
      const [y, x] = [middle >> 2, middle & 3];
      const black = (row: number, column: number): boolean =>
        row >= y - 1 && row <= y && column >= x - 1 && column <= x;
      return [0, 1, 2, 3].map((r) => [0, 1, 2, 3].map((c) => (black(r, c) ? "0" : "1")).join("")).join("\n");
    });
    expect([...results].sort()).toEqual(squares.sort());
  });

  it("takes no more than size x size pixels a hole, and a quarter at least", () => {
    fc.assert(
      fc.property(
        fc.nat(1e6),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 3 }),
        (image, half, holes) => {
          const black =
            cut(16, { size: 2 * half, holes }, image)
              .join("")
              .split("0").length - 1;
          expect(black).toBeLessThanOrEqual(holes * (2 * half) ** 2);
          expect(black).toBeGreaterThanOrEqual(half ** 2);
        },
      ),
      { numRuns: 100 },
    );
  });
});
