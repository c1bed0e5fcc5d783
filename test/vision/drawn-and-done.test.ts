/** Random transforms do what they say they draw. */
import { expect, test } from "vitest";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { tensor } from "../../src/torch/create.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { draws, RANDOM } from "./draws.fixture.js";
import { vision } from "../../src/data/vision.js";

const HEIGHT = 24;
const WIDTH = 30;
const pixels = Uint8Array.from({ length: HEIGHT * WIDTH * 3 }, (_, i) => (i * i + 31 * (i % 3)) % 251);

/** Asserts that images 0 to 49 come out as by `plainly`: without chance, from what was drawn for them. */
function expectSame(transform: TransformSpec, plainly: (image: Tensor, drawn: number[]) => Tensor): void {
  draws(transform, { height: HEIGHT, width: WIDTH, images: 50 }).forEach((drawn, image) => {
    using _ = scope();
    const input = tensor(pixels, { shape: [HEIGHT, WIDTH, 3] });
    const found = apply(input, [transform], image);
    expect(found.equal(plainly(input, drawn)), String(drawn)).toBe(true);
  });
}

function apply(image: Tensor, transforms: TransformSpec[], number = 0): Tensor {
  return new Tensor(vision().transformImage(image.handle, transforms, { ...RANDOM, image: number }));
}

test.each(["bilinear", "bicubic"] as const)("random-resized-crop, %s", (interpolation) => {
  const crop = {
    kind: "random-resized-crop",
    size: 16,
    scale: [0.08, 1],
    ratio: [3 / 4, 4 / 3],
    interpolation,
  };
  expectSame(crop as TransformSpec, (image, [top, left, height, width]) => {
    const part = image.narrow(0, top!, height!).narrow(1, left!, width!).contiguous();
    return apply(part, [{ kind: "resize-exact", interpolation, height: 16, width: 16 }]);
  });
});

test.each([
  ["top-left", 0, 0],
  ["top-right", 0, WIDTH - 16],
  ["bottom-left", HEIGHT - 16, 0],
  ["bottom-right", HEIGHT - 16, WIDTH - 16],
] as const)("corner-crop, %s", (corner, top, left) => {
  using _ = scope();
  const input = tensor(pixels, { shape: [HEIGHT, WIDTH, 3] });
  const found = apply(input, [{ kind: "corner-crop", size: 16, corner }]);
  expect(found.equal(input.narrow(0, top, 16).narrow(1, left, 16))).toBe(true);
  const flipped = apply(input, [
    { kind: "horizontal-flip", p: 1 },
    { kind: "corner-crop", size: 16, corner },
  ]);
  const mirrored = apply(input, [{ kind: "horizontal-flip", p: 1 }]);
  expect(flipped.equal(mirrored.narrow(0, top, 16).narrow(1, left, 16))).toBe(true);
  expect(() => apply(input, [{ kind: "corner-crop", size: 25, corner }])).toThrow(
    /corner-crop: expected at least 25 x 25/,
  );
});

test("gaussian-blur", () => {
  expectSame({ kind: "gaussian-blur", sigma: [0.1, 2], p: 0.5 }, (image, [happens, sigma]) =>
    happens === 1 ? apply(image, [{ kind: "gaussian-blur", sigma: [sigma!, sigma!], p: 1 }]) : image,
  );
});

test.each(["grayscale", "horizontal-flip"] as const)("%s", (kind) => {
  expectSame({ kind, p: 0.5 }, (image, [happens]) => apply(image, [{ kind, p: happens! }]));
});

test("color-jitter, in its order", () => {
  const names = ["brightness", "contrast", "saturation", "hue"] as const;
  const none = { kind: "color-jitter", brightness: 0, contrast: 0, saturation: 0, hue: 0, p: 1 } as const;
  const jitter = { ...none, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 };
  expectSame(jitter, (image, [happens, ...numbers]) => {
    const steps = numbers.slice(0, 4).map((kind): TransformSpec => {
      const amount = numbers[4 + kind]!;
      return { ...none, [names[kind]!]: [amount, amount] };
    });
    return happens === 1 ? apply(image, steps) : image;
  });
});
