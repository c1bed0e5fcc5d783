/** A pipeline that begins with a crop decodes a part of the image only; its values are those of the whole one. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { Transform } from "../../src/recipes/transform-schema.js";
import { DataError } from "../../src/support/errors.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { produced } from "./produced.fixture.js";
import { fixturePath, temporaryFolder } from "../../src/data/testing.fixture.js";
import { vision } from "../../src/data/vision.js";

const size = 24;
const pipelines = {
  "random-resized-crop": [{ kind: "random-resized-crop", size }],
  "random-resized-crop of small windows": [{ kind: "random-resized-crop", size, scale: [0.02, 0.1] }],
  "resize, center-crop": [
    { kind: "resize", size: 30 },
    { kind: "center-crop", size },
  ],
  "center-crop": [{ kind: "center-crop", size }],
  "two crops, something else between": [
    { kind: "random-resized-crop", size: 40 },
    { kind: "horizontal-flip" },
    { kind: "center-crop", size },
  ],
} satisfies Record<string, unknown[]>;
const parsed = (steps: readonly unknown[]): TransformSpec[] => steps.map((step) => Transform.parse(step));

const paths = readdirSync(fixturePath("jpeg"))
  .filter((name) => name.endsWith(".jpg"))
  .map((name) => fixturePath(`jpeg/${name}`));

/** uint8 [views · paths, size, size, 3], of an epoch */
function byProducer(paths: readonly string[], views: readonly TransformSpec[][], epoch: number): Uint8Array {
  using _ = scope();
  return produced(paths, { views, size, epoch }).toArray() as Uint8Array;
}

function byWholeImages(views: readonly TransformSpec[][], epoch: number): Uint8Array {
  using _ = scope();
  const transformed = views.flatMap((transforms, view) =>
    paths.map((path, image) => {
      const whole = vision().decodeImage(path);
      return new Tensor(
        vision().transformImage(whole, transforms, { seed: 1, epoch, image, view }),
      ).toArray() as Uint8Array;
    }),
  );
  return Buffer.concat(transformed);
}

describe("a part of a JPEG has the values of the whole", () => {
  it.each(Object.entries(pipelines))("%s", (_, steps) => {
    for (let epoch = 0; epoch < 30; epoch++) {
      const views = [parsed(steps)];
      expect(Buffer.compare(byProducer(paths, views, epoch), byWholeImages(views, epoch))).toBe(0);
    }
  });

  it("also for several views at once", () => {
    const views = Object.values(pipelines).map(parsed);
    for (let epoch = 0; epoch < 10; epoch++)
      expect(Buffer.compare(byProducer(paths, views, epoch), byWholeImages(views, epoch))).toBe(0);
  });
});

it("refuses a truncated file whatever part of it is needed", () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "cut.jpg");
  const content = readFileSync(fixturePath("jpeg/4-2-0.jpg"));
  for (let length = 3; length < content.length; length += 23) {
    writeFileSync(path, content.subarray(0, length));
    const views = [parsed([{ kind: "random-resized-crop", size, scale: [0.01, 0.02] }])];
    expect(() => byProducer([path], views, length)).toThrowError(DataError);
    expect(() => byProducer([path], views, length)).toThrowError(path);
  }
});

it("names the file once when it is too small", () => {
  const path = fixturePath("jpeg/4-2-0.jpg");
  const views = [parsed([{ kind: "center-crop", size: 70 }])];
  expect(() => byProducer([path], views, 0)).toThrowError(
    `${path}: center-crop: expected at least 70 x 70 (height x width), found 61 x 83 (height x width)`,
  );
});
