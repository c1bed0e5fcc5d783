/** Run twice: with what the processor offers, and by resample-portable.test.ts without. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { tensor } from "../../src/torch/create.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { vision } from "../../src/data/vision.js";

/** Rows of bytes. */
type Plane = number[][];

/** Along each row to `outputs` values, as Pillow's ImagingResample defines a bilinear resize. */
function resampleRows(plane: Plane, outputs: number): Plane {
  const inputs = plane[0]!.length;
  if (inputs === outputs) return plane;
  const scale = inputs / outputs;
  const support = Math.max(scale, 1);
  return plane.map((row) =>
    Array.from({ length: outputs }, (_, output) => weighted(row, (output + 0.5) * scale, support)),
  );
}

function weighted(row: number[], center: number, support: number): number {
  const first = Math.max(0, Math.trunc(center - support + 0.5));
  const inputs = row.slice(first, Math.min(row.length, Math.trunc(center + support + 0.5)));
  const heights = inputs.map((_, i) => Math.max(0, 1 - Math.abs((first + i + 0.5 - center) / support)));
  const total = heights.reduce((a, b) => a + b);
  const sum = inputs.reduce(
    (sum, value, i) => sum + value * Math.round((heights[i]! / total) * 2 ** 22),
    2 ** 21,
  );
  return Math.min(255, Math.floor(sum / 2 ** 22));
}

const transposed = (plane: Plane): Plane => plane[0]!.map((_, x) => plane.map((row) => row[x]!));

function resize(data: Uint8Array, from: Size, to: Size): Uint8Array {
  const result = new Uint8Array(to.height * to.width * 3);
  for (let channel = 0; channel < 3; channel++) {
    const plane = Array.from({ length: from.height }, (_, y) =>
      Array.from({ length: from.width }, (_, x) => data[3 * (y * from.width + x) + channel]!),
    );
    const rows = transposed(resampleRows(transposed(resampleRows(plane, to.width)), to.height));
    rows.flat().forEach((value, i) => (result[3 * i + channel] = value));
  }
  return result;
}

interface Size {
  readonly height: number;
  readonly width: number;
}

function byAddon(data: Uint8Array, { height, width }: Size, to: Size): Uint8Array {
  using _ = scope();
  const image = tensor(data, { shape: [height, width, 3] });
  const stream = { seed: 0, epoch: 0, image: 0, view: 0 };
  return new Tensor(
    vision().transformImage(image.handle, [{ kind: "resize-exact", ...to }], stream),
  ).toArray() as Uint8Array;
}

it("is Pillow's definition for any size", () => {
  const side = fc.integer({ min: 1, max: 40 });
  const size = fc.record({ height: side, width: side });
  const image = size.chain((from) => {
    const length = 3 * from.height * from.width;
    return fc.record({
      from: fc.constant(from),
      data: fc.uint8Array({ minLength: length, maxLength: length, size: "max" }),
    });
  });
  fc.assert(
    fc.property(image, size, ({ from, data }, to) => {
      expect(Buffer.compare(byAddon(data, from, to), resize(data, from, to))).toBe(0);
    }),
    { numRuns: 60 },
  );
});
