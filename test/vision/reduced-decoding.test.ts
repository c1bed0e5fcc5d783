/** data.decode=reduced: JPEG files decoded at 1/2, 1/4 or 1/8 where the transforms make them that much smaller. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { Transform } from "../../src/recipes/transform-schema.js";
import { scope } from "../../src/torch/scope.js";
import { produced } from "./produced.fixture.js";
import { fixturePath } from "../../src/data/testing.fixture.js";
import { vision } from "../../src/data/vision.js";

const paths = readdirSync(fixturePath("jpeg"))
  .filter((name) => name.endsWith(".jpg"))
  .map((name) => fixturePath(`jpeg/${name}`));

const parsed = (...steps: unknown[]): TransformSpec[] => steps.map((step) => Transform.parse(step));

/** float64 [views · paths, size, size, 3] */
function made(
  views: readonly TransformSpec[][],
  options: { reduce: boolean; size: number; epoch?: number },
): Float64Array {
  using _ = scope();
  return produced(paths, { views, ...options })
    .to({ dtype: "float64" })
    .toArray() as Float64Array;
}

function differences(a: Float64Array, b: Float64Array): { size: number; signed: number } {
  const each = a.map((value, i) => value - b[i]!);
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { size: mean(each.map(Math.abs)), signed: mean(each) };
}

/** Quicker than expect().toEqual(). */
function areEqual(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

const views = (size: number): [string, TransformSpec[]][] => [
  ["resize-exact", parsed({ kind: "resize-exact", height: size, width: size })],
  ["random-resized-crop", parsed({ kind: "random-resized-crop", size, scale: [0.3, 1] })],
  ["resize, center-crop", parsed({ kind: "resize", size: size + 4 }, { kind: "center-crop", size })],
];

// The files are 83 x 61 and 45 x 37 and full of detail.
describe.runIf(vision().jpegLibrary() !== "libvips").each([8, 16, 24])("to squares of %i", (size) => {
  it.each(views(size))("%s: about the same image, at the same place", (_, view) => {
    for (let epoch = 0; epoch < 10; epoch++) {
      const exact = made([view], { size, epoch, reduce: false });
      const found = differences(made([view], { size, epoch, reduce: true }), exact);
      expect(found.size).toBeLessThan(3); // 0.4 to 2.6, of 255
      expect(Math.abs(found.signed)).toBeLessThan(0.5);
    }
    expect(areEqual(made([view], { size, reduce: true }), made([view], { size, reduce: false }))).toBe(false);
  });
});

it.each(views(40))("%s: images that are not halved are exact", (_, view) => {
  const size = 40;
  expect(areEqual(made([view], { size, reduce: true }), made([view], { size, reduce: false }))).toBe(true);
});

it("a part of a reduced image has the values of the whole", () => {
  const size = 16;
  const window = parsed({ kind: "random-resized-crop", size, scale: [0.4, 0.9], ratio: [1, 1] });
  const whole = parsed({ kind: "resize-exact", height: size, width: size });
  for (let epoch = 0; epoch < 30; epoch++) {
    const alone = made([window], { size, epoch, reduce: true });
    const together = made([window, whole], { size, epoch, reduce: true }).subarray(0, alone.length);
    expect(areEqual(together, alone)).toBe(true);
  }
});

it.runIf(vision().jpegLibrary() !== "libvips")(
  "is nothing that caches, thumbnails and models outside of training see",
  () => {
    using _ = scope();
    const view = parsed({ kind: "resize-exact", height: 24, width: 24 });
    const whole = produced(paths, { views: [view], size: 24 })
      .contiguous()
      .toArray() as Uint8Array;
    const found = vision().decodeImages({ kind: "files", paths }, view, 1);
    const bytes = Buffer.concat(found.map((image) => image.pixels));
    expect(bytes.equals(Buffer.from(whole.buffer, whole.byteOffset, whole.length))).toBe(true);
    const reduced = produced(paths, { views: [view], size: 24, reduce: true })
      .contiguous()
      .toArray() as Uint8Array;
    expect(bytes.equals(Buffer.from(reduced.buffer, reduced.byteOffset, reduced.length))).toBe(false);
  },
);
