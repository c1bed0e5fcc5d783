/** Run twice: with what the processor offers, and by resample-portable.test.ts without. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { tensor } from "../../src/torch/create.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { vision } from "../../src/data/vision.js";

/** Rows of bytes. */
type Plane = number[][];

type Filter = "bilinear" | "bicubic";

/** Half-widths and values of Pillow's filters; the cubic is Keys' (1981) with a = -0.5. */
const halfWidth = { bilinear: 1, bicubic: 2 } as const;
function valueAt(filter: Filter, distance: number): number {
  const x = Math.abs(distance);
  if (filter === "bilinear") return Math.max(0, 1 - x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? -0.5 * (((x - 5) * x + 8) * x - 4) : 0;
}

/** Along each row to `outputs` values, as Pillow's ImagingResample defines a resize. */
function resampleRows(plane: Plane, outputs: number, filter: Filter): Plane {
  const inputs = plane[0]!.length;
  if (inputs === outputs) return plane;
  const scale = inputs / outputs;
  const stretch = Math.max(scale, 1);
  return plane.map((row) =>
    Array.from({ length: outputs }, (_, output) =>
      weighted(row, { center: (output + 0.5) * scale, stretch, filter }),
    ),
  );
}

function weighted(
  row: number[],
  { center, stretch, filter }: { center: number; stretch: number; filter: Filter },
): number {
  const support = stretch * halfWidth[filter];
  const first = Math.max(0, Math.trunc(center - support + 0.5));
  const inputs = row.slice(first, Math.min(row.length, Math.trunc(center + support + 0.5)));
  const heights = inputs.map((_, i) => valueAt(filter, (first + i + 0.5 - center) / stretch));
  const total = heights.reduce((a, b) => a + b);
  const sum = inputs.reduce(
    (sum, value, i) => sum + value * roundedAway((heights[i]! / total) * 2 ** 22),
    2 ** 21,
  );
  return Math.max(0, Math.min(255, Math.floor(sum / 2 ** 22)));
}

/** Halves are rounded away from 0, as C's lround does. */
function roundedAway(x: number): number {
  return Math.sign(x) * Math.round(Math.abs(x));
}

const transposed = (plane: Plane): Plane => plane[0]!.map((_, x) => plane.map((row) => row[x]!));

function resize(data: Uint8Array, from: Size, to: Size, filter: Filter): Uint8Array {
  const result = new Uint8Array(to.height * to.width * 3);
  for (let channel = 0; channel < 3; channel++) {
    const plane = Array.from({ length: from.height }, (_, y) =>
      Array.from({ length: from.width }, (_, x) => data[3 * (y * from.width + x) + channel]!),
    );
    const rows = transposed(
      resampleRows(transposed(resampleRows(plane, to.width, filter)), to.height, filter),
    );
    rows.flat().forEach((value, i) => (result[3 * i + channel] = value));
  }
  return result;
}

interface Size {
  readonly height: number;
  readonly width: number;
}

function byAddon(data: Uint8Array, { height, width }: Size, to: Size, interpolation: Filter): Uint8Array {
  using _ = scope();
  const image = tensor(data, { shape: [height, width, 3] });
  const stream = { seed: 0, epoch: 0, image: 0, view: 0 };
  return new Tensor(
    vision().transformImage(image.handle, [{ kind: "resize-exact", interpolation, ...to }], stream),
  ).toArray() as Uint8Array;
}

it.each(["bilinear", "bicubic"] as const)("is Pillow's definition for any size: %s", (filter) => {
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
      expect(Buffer.compare(byAddon(data, from, to, filter), resize(data, from, to, filter))).toBe(0);
    }),
    { numRuns: 60 },
  );
});

it.each([
  [224, 340, "9d3de32624033770906135a0c1e76d4fc2bf44c414d6e503cf6d49d2f9e87c41"],
  [12, 19, "6f27430ef48219260442ce95f3f1cc917d487f7abe49d72c2de9aaa623a06a1d"],
])("gives Pillow's bytes: bicubic to %i x %i", (height, width, sha256) => {
  const from = { height: 31, width: 47 };
  const data = Uint8Array.from({ length: 31 * 47 * 3 }, (_, i) => {
    const [y, x, c] = [Math.floor(i / 141), Math.floor(i / 3) % 47, i % 3];
    return (y * 37 + x * 91 + c * 53 + ((x * y) % 17) * 11) % 256;
  });
  const found = byAddon(data, from, { height, width }, "bicubic");
  expect(createHash("sha256").update(found).digest("hex")).toBe(sha256);
});
