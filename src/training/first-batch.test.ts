import { join } from "node:path";
import { expect, test } from "vitest";
import { memoryDataset } from "../data/formats/memory.js";
import { vision } from "../data/vision.js";
import { tensor } from "../torch/create.js";
import { memory, scope } from "../torch/scope.js";
import { Tensor } from "../torch/tensor.js";
import { temporaryFolder } from "./toy.fixture.js";
import { writeBatchPicture } from "./first-batch.js";

const SIDE = 2;
const SHOWN = 96; // 2 pixels, each enlarged 48 times
const dataset = memoryDataset({
  ...{
    images: new Uint8Array(3 * 3 * SIDE * SIDE),
    height: SIDE,
    width: SIDE,
    layout: "NHWC",
    split: "train",
  },
  labels: [1, 0, 1],
  classes: ["ant", "bee"],
});
const data: Parameters<typeof writeBatchPicture>[1]["data"] = {
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.5, 0.5],
};

/** Every value of image i is the i-th. */
function images(values: readonly number[]): Float32Array {
  return Float32Array.from(values.flatMap((value) => Array<number>(3 * SIDE * SIDE).fill(value)));
}

function picture(path: string, values: readonly number[], limit: number) {
  const batch = {
    images: tensor(images(values), { shape: [values.length, 3, SIDE, SIDE] }),
    indices: Int32Array.of(0, 1, 2),
  };
  return writeBatchPicture(path, { batch, dataset, data, limit });
}

/** The picture's values at a pixel. */
function reader(path: string, { width }: { width: number }) {
  const values = new Tensor(vision().decodeImage(path)).toArray(); // [H, W, 3]
  return (x: number, y: number): number[] =>
    [0, 1, 2].map((channel) => Number(values[(y * width + x) * 3 + channel]));
}

test("the first images of a batch in rows, as they were before normalization", () => {
  using temporary = temporaryFolder();
  const before = memory();
  {
    using _ = scope();
    const path = join(temporary.path, "batch.png");
    const found = picture(path, [-2, 0, 1], 3);
    expect(found).toMatchObject({
      file: "batch.png",
      classes: ["bee", "ant", "bee"],
      width: 2 * (SHOWN + 2) + 2,
    });
    const at = reader(path, found);
    expect(at(0, 0)).toEqual([128, 128, 128]); // the gap
    expect(at(2, 2)).toEqual([0, 0, 0]); // 0.5 − 2 · 0.25, and below black
    expect(at(SHOWN + 4, 2)).toEqual([128, 128, 128]);
    expect(at(2, SHOWN + 4)).toEqual([191, 255, 255]);
  }
  expect(memory()).toEqual(before);
});

test("an image's views are side by side", () => {
  using temporary = temporaryFolder();
  using _ = scope();
  const path = join(temporary.path, "batch.png");
  const found = picture(path, [0, 1, 2, -1, -1, -1], 2);
  expect(found.classes).toEqual(["bee", "ant"]);
  expect([found.width, found.height]).toEqual([2 * (SHOWN + 2) + 2, 2 * (SHOWN + 2) + 2]);
  const at = reader(path, found);
  expect([at(2, 2), at(SHOWN + 4, 2), at(2, SHOWN + 4)].map(([red]) => red)).toEqual([128, 64, 191]);
});
