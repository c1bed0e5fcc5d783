import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { tensor } from "../../src/torch/create.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { fixturePath } from "../../src/data/testing.fixture.js";
import { vision } from "../../src/data/vision.js";

interface Bytes {
  readonly height: number;
  readonly width: number;
  /** [H, W, 3] */
  readonly data: Uint8Array;
}

function transform(
  image: Bytes,
  transforms: readonly TransformSpec[],
  random = { seed: 0, epoch: 0, image: 0, view: 0 },
): Bytes {
  using _ = scope();
  const input = tensor(image.data, { shape: [image.height, image.width, 3] });
  const output = new Tensor(vision().transformImage(input.handle, transforms, random));
  const [height = 0, width = 0] = output.shape;
  return { height, width, data: output.toArray() as Uint8Array };
}

/** Red is the pixel's row, green its column, blue 200. */
function grid(height: number, width: number): Bytes {
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) data.set([Math.floor(i / width), i % width, 200], 3 * i);
  return { height, width, data };
}

function pixel({ width, data }: Bytes, y: number, x: number): number[] {
  return [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
}

const image = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([height, width]) =>
    fc
      .uint8Array({ minLength: 3 * height * width, maxLength: 3 * height * width })
      .map((data): Bytes => ({ height, width, data })),
  );
const side = fc.integer({ min: 1, max: 20 });

describe("resize", () => {
  it("equals Pillow's bilinear resize byte for byte", () => {
    const values = JSON.parse(readFileSync(fixturePath("expected.json"), "utf8")) as {
      input: PillowImage;
      resize: PillowImage[];
    };
    const fromPillow = ({ height, width, rgb }: PillowImage): Bytes => ({
      height,
      width,
      data: new Uint8Array(Buffer.from(rgb, "base64")),
    });
    for (const expected of values.resize.map(fromPillow)) {
      const { height, width } = expected;
      expect(
        transform(fromPillow(values.input), [
          { kind: "resize-exact", interpolation: "bilinear", height, width },
        ]),
      ).toEqual(expected);
    }
  });

  it("takes the mean of two pixels when it halves a row of two", () => {
    const data = Uint8Array.of(0, 10, 255, 100, 21, 255);
    const half = transform({ height: 1, width: 2, data }, [
      { kind: "resize-exact", interpolation: "bilinear", height: 1, width: 1 },
    ]);
    expect([...half.data]).toEqual([50, 16, 255]);
  });

  it("interpolates between two pixels when it doubles them", () => {
    const data = Uint8Array.of(0, 0, 0, 100, 100, 100);
    const twice = transform({ height: 1, width: 2, data }, [
      { kind: "resize-exact", interpolation: "bilinear", height: 1, width: 4 },
    ]);
    expect([...twice.data].filter((_, i) => i % 3 === 0)).toEqual([0, 25, 75, 100]);
  });

  it("scales the shorter side and drops the fraction of the longer one", () => {
    const sizeOf = (height: number, width: number, size: number): number[] => {
      const out = transform(grid(height, width), [{ kind: "resize", interpolation: "bilinear", size }]);
      return [out.height, out.width];
    };
    expect(sizeOf(10, 15, 4)).toEqual([4, 6]);
    expect(sizeOf(17, 9, 5)).toEqual([9, 5]); // 9.44
    expect(sizeOf(3, 3, 7)).toEqual([7, 7]);
  });

  it("keeps one color one color, and every value between the smallest and the largest", () => {
    fc.assert(
      fc.property(image, side, side, (input, height, width) => {
        const out = transform(input, [
          { kind: "resize-exact", interpolation: "bilinear", height, width },
        ]).data;
        expect(Math.max(...out)).toBeLessThanOrEqual(Math.max(...input.data));
        expect(Math.min(...out)).toBeGreaterThanOrEqual(Math.min(...input.data));
      }),
      { numRuns: 50 },
    );
  });

  it("commutes with a flip up to rounding", () => {
    const flip: TransformSpec = { kind: "horizontal-flip", p: 1 };
    fc.assert(
      fc.property(image, side, side, (input, height, width) => {
        const resize: TransformSpec = { kind: "resize-exact", interpolation: "bilinear", height, width };
        const before = transform(input, [flip, resize]).data;
        const after = transform(input, [resize, flip]).data;
        before.forEach((value, i) => {
          expect(Math.abs(value - after[i]!)).toBeLessThanOrEqual(1);
        });
      }),
      { numRuns: 50 },
    );
  });
});

interface PillowImage {
  readonly height: number;
  readonly width: number;
  readonly rgb: string;
}

describe("center-crop", () => {
  it("takes the middle; of an odd margin the even half", () => {
    expect(pixel(transform(grid(6, 8), [{ kind: "center-crop", size: 4 }]), 0, 0)).toEqual([1, 2, 200]);
    expect(pixel(transform(grid(5, 7), [{ kind: "center-crop", size: 4 }]), 0, 0)).toEqual([0, 2, 200]); // 0.5, 1.5
  });

  it("refuses an image that is too small", () => {
    expect(() =>
      transform(grid(3, 9), [{ kind: "center-crop", size: 4 }]),
    ).toThrowErrorMatchingInlineSnapshot(
      `[DataError: center-crop: expected at least 4 x 4 (height x width), found 3 x 9 (height x width)]`,
    );
  });
});

describe("random-crop", () => {
  const crop: TransformSpec = { kind: "random-crop", size: 4, padding: 2 };

  it("reaches every window of the padded image, each as often", () => {
    const counts = new Map<string, number>();
    const draws = 5000;
    for (let i = 0; i < draws; i++) {
      const out = transform(grid(4, 4), [crop], { seed: 1, epoch: 0, image: i, view: 0 });
      const at =
        Array.from({ length: 16 }, (_, place) => place).find((p) => pixel(out, p >> 2, p & 3)[2] === 200) ??
        0;
      const [row = 0, column = 0] = pixel(out, at >> 2, at & 3);
      const key = `${row - (at >> 2)},${column - (at & 3)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(25);
    // 24 degrees of freedom: 51.2 is exceeded once in a thousand streams, and this one is fixed.
    const expected = draws / 25;
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(51.2);
  });

  it("fills with black and keeps the rest", () => {
    fc.assert(
      fc.property(fc.nat(1000), (i) => {
        const out = transform(grid(4, 4), [crop], { seed: 5, epoch: 2, image: i, view: 0 });
        const seen = Array.from({ length: 16 }, (_, at) => pixel(out, Math.floor(at / 4), at % 4));
        const inside = seen.filter(([, , blue]) => blue === 200);
        const black = seen.filter((values) => values.every((value) => value === 0));
        expect(inside.length + black.length).toBe(16);
        expect(new Set(inside.map(String)).size).toBe(inside.length);
        expect(inside.length).toBeGreaterThanOrEqual(4);
      }),
    );
  });

  it("refuses an image that is too small even with its padding", () => {
    expect(() => transform(grid(3, 3), [{ ...crop, size: 8 }])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: random-crop: expected at least 4 x 4 (height x width), found 3 x 3 (height x width)]`,
    );
  });
});

describe("horizontal-flip", () => {
  it("mirrors rows", () => {
    expect(pixel(transform(grid(2, 5), [{ kind: "horizontal-flip", p: 1 }]), 1, 0)).toEqual([1, 4, 200]);
    expect(transform(grid(2, 5), [{ kind: "horizontal-flip", p: 0 }])).toEqual(grid(2, 5));
  });

  it("does so for any width", () => {
    for (let width = 1; width < 40; width++) {
      const flipped = transform(grid(2, width), [{ kind: "horizontal-flip", p: 1 }]);
      for (let x = 0; x < width; x++) expect(pixel(flipped, 1, x)).toEqual([1, width - 1 - x, 200]);
    }
  });

  it("is its own inverse", () => {
    fc.assert(
      fc.property(image, (input) => {
        const flip: TransformSpec = { kind: "horizontal-flip", p: 1 };
        expect(transform(input, [flip, flip])).toEqual(input);
      }),
      { numRuns: 50 },
    );
  });

  it("flips a share p of the images", () => {
    const flipped = (p: number): number => {
      let count = 0;
      for (let i = 0; i < 4000; i++) {
        const out = transform(grid(1, 2), [{ kind: "horizontal-flip", p }], {
          seed: 3,
          epoch: 1,
          image: i,
          view: 0,
        });
        count += pixel(out, 0, 0)[1] ?? 0;
      }
      return count / 4000;
    };
    expect(flipped(0.5)).toBeCloseTo(0.5, 1);
    expect(flipped(0.2)).toBeCloseTo(0.2, 1);
  });
});

describe("randomness", () => {
  it("depends on seed, epoch, image and view, and on nothing else", () => {
    const crop: TransformSpec = { kind: "random-crop", size: 30, padding: 15 };
    const at = (random: { seed: number; epoch: number; image: number; view: number }): string =>
      String(pixel(transform(grid(30, 30), [crop], random), 15, 15));
    const base = { seed: 1, epoch: 2, image: 3, view: 0 };
    expect(at(base)).toBe(at(base));
    expect(
      new Set(
        [base, { ...base, seed: 2 }, { ...base, epoch: 3 }, { ...base, image: 4 }, { ...base, view: 1 }].map(
          at,
        ),
      ).size,
    ).toBe(5);
  });

  it("has no place for an unknown transform", () => {
    const unknown = [{ kind: "vertical-flip" }] as unknown as TransformSpec[];
    expect(() => transform(grid(1, 1), unknown)).toThrowErrorMatchingInlineSnapshot(
      `[NativeError: unknown transform 'vertical-flip']`,
    );
  });
});
