import { expect, it } from "vitest";
import { Likeness } from "./duplicates.js";

/** Tiles of 8 x 8, by row and column. */
function tiles(color: (y: number, x: number) => readonly [number, number, number]): { colors: string } {
  const bytes = Array.from({ length: 64 }, (_, tile) => color(tile >> 3, tile & 7)).flat();
  return { colors: Buffer.from(bytes).toString("base64") };
}

const image = (y: number, x: number) => [20 * y, 25 * x, 10 * Math.abs(y - x)] as const;
const between = (a: { colors: string }, b: { colors: string }, mirrored = false): number =>
  new Likeness().between(a, b, { mirrored });

it("is 1 for an image and itself, also darker or with less contrast", () => {
  expect(between(tiles(image), tiles(image))).toBeCloseTo(1);
  expect(
    between(
      tiles(image),
      tiles((y, x) => {
        const [red, green, blue] = image(y, x);
        return [30 + red / 2, 10 + green / 2, 50 + blue / 2];
      }),
    ),
  ).toBeCloseTo(1, 3);
});

it("other colors of the same shape are less alike, a gray copy is a copy", () => {
  const recolored = tiles((y, x) => {
    const [red, green, blue] = image(y, x);
    return [blue, red, green];
  });
  const gray = tiles((y, x) => {
    const [red, green, blue] = image(y, x);
    const luma = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    return [luma, luma, luma];
  });
  expect(between(tiles(image), recolored)).toBeLessThan(0.8);
  expect(between(tiles(image), gray)).toBeGreaterThan(0.99);
});

it("sees a mirror image when told to", () => {
  const mirror = tiles((y, x) => image(y, 7 - x));
  expect(between(tiles(image), mirror)).toBeLessThan(0.5);
  expect(between(tiles(image), mirror, true)).toBeCloseTo(1);
});

it("an image without any variation is like nothing", () => {
  const flat = tiles(() => [90, 90, 90]);
  expect(between(flat, tiles(image))).toBe(0);
});
